"""Weights and values in eight bits: a quarter of the file, and for plain convolutions less time."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.model_card import Card, ModelError

NEEDED = "this wants the onnx package: pip install 'wheeltapper[models]'"


def quantised(content: bytes, card: Card, shaped: Sequence[NDArray[np.float32]]) -> bytes:
    """Return the model in int8: static, with quantise and dequantise nodes, per channel.

    Static, since dynamic quantisation of convolutions is slower than none (ONNX Runtime issues 12854 and 10153).

    Parameters
    ----------
    content
        The model file.
    card
        Names its input.
    shaped
        Inputs that show the range of its values.

    Raises
    ------
    ModelError
        The onnx package is not installed, or the model cannot be quantised.
    """
    try:
        from onnxruntime import quantization
    except ImportError as fault:
        raise ModelError(f"{card.name}: {NEEDED}") from fault
    formats = {"quant_format": quantization.QuantFormat.QDQ, "per_channel": True}
    with tempfile.TemporaryDirectory(prefix="wheeltapper-") as folder:
        before, prepared, after = (Path(folder) / name for name in ("before.onnx", "prepared.onnx", "after.onnx"))
        before.write_bytes(content)
        try:
            quantization.quant_pre_process(str(before), str(prepared), skip_symbolic_shape=True)
            quantization.quantize_static(str(prepared), str(after), _Reader(card.input, shaped), **formats)
        except (ValueError, RuntimeError, NotImplementedError) as fault:
            raise ModelError(f"{card.name}: cannot be quantised ({str(fault).splitlines()[0][:200]})") from fault
        return after.read_bytes()


class _Reader:
    """Hands out one input after the other, as ONNX Runtime wants them while it calibrates."""

    def __init__(self, name: str, shaped: Sequence[NDArray[np.float32]]) -> None:
        self._name, self._left = name, iter(shaped)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input by its name, None at the end."""
        following = next(self._left, None)
        return None if following is None else {self._name: following}
