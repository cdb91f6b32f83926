"""Embeddings: a sound becomes a vector in which alike sounds lie close.

An ONNX model comes as two files: the model, and a card that says what it expects and who made it. The card is checked
before anything runs; the hash ties the two together.
"""

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analytics.features.log_mel import BANDS, Level, Profile, mel_plan, part_features

MOST_BYTES = 2**28  #: of a model file; a gateway on a small board holds no larger one
_PROBE_SEED = 7


class ModelError(Exception):
    """A model cannot be used; the message is one sentence: where, what was found, what was wanted, how to mend."""


class Embedding(Protocol):
    """Turns the sound of a part into one vector."""

    name: str
    rate: int
    size: int

    def embed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one finite vector, shape (size,), of finite samples, shape (n,), at `rate`."""
        ...


class LogMelEmbedding:
    """The embedding that needs no weights: mean and spread over time of 64 log-mel bands, loudness left out.

    Parameters
    ----------
    rate
        Samples per second of the sound it will get.
    """

    def __init__(self, rate: int) -> None:
        self.name = "log-mel"
        self.rate = rate
        self.size = 2 * BANDS
        self._plan = mel_plan(rate, Profile.STEADY)

    def embed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one vector, shape (128,); a sound of fewer than two frames is filled up with silence."""
        shortest = self._plan.frame + self._plan.hop
        if len(samples) < shortest:
            samples = np.pad(samples, (0, shortest - len(samples)))
        return part_features(samples, self._plan, Profile.STEADY, Level.NORMALISED)


class Card(BaseModel):
    """What a model says of itself, in the JSON file beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    format: Literal[1] = Field(description="Layout of this card.")
    name: str = Field(min_length=1, max_length=60)
    version: int = Field(ge=1)
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$", description="Name of the model beside the card.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the model file.")
    rate: int = Field(ge=1_000, le=1_000_000, description="Samples per second the model was trained on.")
    window: int = Field(ge=16, le=2**24, description="Samples it takes at once.")
    input: str = Field(min_length=1, description="Name of the input, float32 (1, window).")
    output: str = Field(min_length=1, description="Name of the output, float32 (1, size).")
    size: int = Field(ge=1, le=65_536, description="Length of the vector.")
    licence: str = Field(min_length=2, description="SPDX identifier of the weights.")
    source: str = Field(min_length=1, description="Who made it, from what.")


class OnnxEmbedding:
    """An embedding by an ONNX model, on one thread of the processor.

    Parameters
    ----------
    card_path
        The card; the model lies beside it.

    Raises
    ------
    ModelError
        The card or the model is missing or damaged, the hash differs, the names or shapes are not those of the card,
        or the output for plain noise is not finite.
    """

    def __init__(self, card_path: Path) -> None:
        self.card = _read_card(card_path)
        self.name, self.rate, self.size = self.card.name, self.card.rate, self.card.size
        self._path = card_path.with_name(self.card.file)
        self._ort, self._session = _open_session(self._path, self.card)
        probe = np.random.default_rng(_PROBE_SEED).normal(0, 0.1, self.card.window).astype(np.float32)
        self.embed(probe)

    def embed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one vector, shape (size,): the mean over windows that overlap by half.

        Raises
        ------
        ModelError
            The model failed on this sound, or answered with something that is not a finite vector of its size.
        """
        windows = _windows(samples, self.card.window)
        mean: NDArray[np.float32] = np.mean([self._one(window) for window in windows], axis=0, dtype=np.float32)
        return mean

    def _one(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        state = self._ort.capi.onnxruntime_pybind11_state
        try:
            answer = self._session.run([self.card.output], {self.card.input: window[None, :]})[0]
        except (state.Fail, state.InvalidArgument, state.RuntimeException, state.NotImplemented) as fault:
            raise ModelError(f"{self._path}: the model failed ({_first_line(fault)}); take another model") from fault
        vector = np.asarray(answer, np.float32).reshape(-1)
        if len(vector) != self.size:
            raise ModelError(
                f"{self._path}: found {len(vector)} numbers, wanted {self.size} as its card says; "
                "take the card that belongs to it"
            )
        if not np.isfinite(vector).all():
            raise ModelError(f"{self._path}: the output is not finite; the model is damaged, take another one")
        return vector


def _windows(samples: NDArray[np.float32], window: int) -> list[NDArray[np.float32]]:
    """Cut into windows that overlap by half, the last one flush with the end; what is shorter is filled with zeros."""
    if len(samples) <= window:
        return [np.pad(samples, (0, window - len(samples))).astype(np.float32)]
    starts = [*range(0, len(samples) - window, max(1, window // 2)), len(samples) - window]
    return [np.ascontiguousarray(samples[start : start + window], np.float32) for start in starts]


def _read_card(path: Path) -> Card:
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise ModelError(f"{path}: no card of a model here ({fault.strerror}); wanted a JSON file") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ModelError(f"{path}: {where}: {first['msg']}; take the card that was shipped with the model") from fault


def _open_session(path: Path, card: Card) -> tuple[ModuleType, Any]:
    """Open the very bytes whose hash was checked, so that nobody can put another file in between."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(f"{path}: {path.stat().st_size} bytes, wanted at most {MOST_BYTES}")
        content = path.read_bytes()
    except OSError as fault:
        raise ModelError(f"{path}: no model here ({fault.strerror}); put it beside its card") from fault
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ModelError(f"{path}: found sha256 {found[:12]}..., wanted {card.sha256[:12]}...; copy the model again")
    import onnxruntime as ort  # only where a model is used: it takes a tenth of a second and 50 MB

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # one part at a time; the cores belong to others
    options.log_severity_level = 4
    state = ort.capi.onnxruntime_pybind11_state
    try:
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
        state.RuntimeException,
    ) as fault:
        raise ModelError(f"{path}: not a usable ONNX model ({_first_line(fault)}); take another model") from fault
    inputs, outputs = ({one.name for one in side} for side in (session.get_inputs(), session.get_outputs()))
    if inputs != {card.input} or card.output not in outputs:
        raise ModelError(
            f"{path}: found input {sorted(inputs)} and output {sorted(outputs)}, wanted {card.input} and "
            f"{card.output}; take the card that belongs to it"
        )
    return ort, session


def _first_line(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:200]
