"""A small PNG writer: numbers as colours, no library of pictures in the front (PNG, ISO/IEC 15948)."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

WIDTH_MOST = 1200  #: columns; more are averaged, no screen shows them

#: From quiet to loud, getting lighter all the way, so that it is read without colours too. Own choice, sRGB.
_ANCHORS = (
    (12, 14, 40),
    (38, 42, 110),
    (38, 96, 150),
    (48, 152, 152),
    (126, 200, 120),
    (246, 226, 110),
    (255, 252, 230),
)
_STEPS = 256


def picture(values: NDArray[np.float32], low: float, high: float) -> bytes:
    """Draw numbers, one pixel each.

    Parameters
    ----------
    values : ndarray, shape (columns, rows)
        Time by band, the lowest band first; drawn with the lowest band at the bottom.
    low, high
        The darkest and the lightest value; what lies beyond is drawn as these. low < high.
    """
    shown = _narrowed(np.nan_to_num(values, nan=low, posinf=high, neginf=low))
    steps = np.clip((shown.T[::-1] - low) / (high - low), 0.0, 1.0) * (_STEPS - 1)
    rows, columns = steps.shape
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = np.rint(steps)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)  # 8 bits, palette
    parts = ((b"IHDR", head), (b"PLTE", _palette()), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _narrowed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    together = -(-len(values) // WIDTH_MOST)
    if together <= 1:
        return values
    starts = np.arange(0, len(values), together)
    counts = np.diff(np.append(starts, len(values)))
    return np.asarray(np.add.reduceat(values, starts, axis=0) / counts[:, None], np.float32)


def _palette() -> bytes:
    at = np.linspace(0, len(_ANCHORS) - 1, _STEPS)
    channels = [np.interp(at, range(len(_ANCHORS)), channel) for channel in zip(*_ANCHORS, strict=True)]
    return bytes(np.rint(np.stack(channels, axis=1)).astype(np.uint8).tobytes())


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
