"""Opens an ONNX model by its card and runs it, on one thread of the processor; every fault is a sentence."""

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.model_card import Card, ModelError

MOST_BYTES = 2**28  #: of a model file; a gateway on a small board holds no larger one


class Session:
    """A model that is ready to run.

    Parameters
    ----------
    path
        Of the model.
    card
        Its card.

    Raises
    ------
    ModelError
        The model is missing or damaged, its hash differs, or its names are not those of the card.
    """

    def __init__(self, path: Path, card: Card) -> None:
        self.path, self.card = path, card
        content = model_bytes(path)  # the very bytes whose hash is checked are opened: nobody can put others in between
        found = hashlib.sha256(content).hexdigest()
        if found != card.sha256:
            raise ModelError(
                f"{path}: found sha256 {found[:12]}..., its card wants {card.sha256[:12]}...; "
                "it is another model or damaged, copy model and card again"
            )
        import onnxruntime as ort  # only where a model is used: it takes a tenth of a second and 50 MB

        self._ort, self._session = ort, _opened(ort, content, path)
        inputs, outputs = (
            {one.name for one in side} for side in (self._session.get_inputs(), self._session.get_outputs())
        )
        if inputs != {card.input} or card.output not in outputs:
            raise ModelError(
                f"{path}: found input {sorted(inputs)} and output {sorted(outputs)}, wanted {card.input} and "
                f"{card.output}; take the card that belongs to it"
            )

    def run(self, shaped: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answer as vectors, shape (k, size), of one input in the shape of the card.

        Raises
        ------
        ModelError
            The model failed, or did not answer with finite vectors of its size.
        """
        state = self._ort.capi.onnxruntime_pybind11_state
        try:
            answer = self._session.run([self.card.output], {self.card.input: shaped})[0]
        except (state.Fail, state.InvalidArgument, state.RuntimeException, state.NotImplemented) as fault:
            raise ModelError(f"{self.path}: the model failed ({_first_line(fault)}); take another model") from fault
        vectors = np.asarray(answer, np.float32)
        found = vectors.shape[-1] if vectors.ndim else 1
        if found != self.card.size:
            raise ModelError(
                f"{self.path}: found {found} numbers, wanted {self.card.size} as its card says; "
                "take the card that belongs to it"
            )
        if not np.isfinite(vectors).all():
            raise ModelError(f"{self.path}: the output is not finite; the model is damaged, take another one")
        return vectors.reshape(-1, self.card.size)


def model_bytes(path: Path) -> bytes:
    """Read a model file of bearable size.

    Raises
    ------
    ModelError
        There is none, or it is too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path}: {path.stat().st_size} bytes, wanted at most {MOST_BYTES}")
        return path.read_bytes()
    except OSError as fault:
        raise ModelError(f"{path}: no model here ({fault.strerror}); put it beside its card") from fault


def _opened(ort: ModuleType, content: bytes, path: Path) -> Any:  # noqa: ANN401 - a library without types
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # one part at a time; the cores belong to others
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # nobody waits by burning a core
    options.log_severity_level = 4
    state = ort.capi.onnxruntime_pybind11_state
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
        state.RuntimeException,
    ) as fault:
        raise ModelError(f"{path}: not a usable ONNX model ({_first_line(fault)}); take another model") from fault


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:200]
