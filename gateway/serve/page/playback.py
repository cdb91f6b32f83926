"""The sound of a part as a browser plays it: 16 bit, loud enough, on wish slow or one band of it alone."""

import io
import re
import wave

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

PEAK = 0.9  #: of full scale, whatever the part's own level
RAISED_MOST_DB = 60.0  #: beyond, only the converter's noise would be heard
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


def wav_of(samples: NDArray[np.float32], rate: int, slow: int, band: tuple[float, float] | None) -> bytes:
    """Make a WAV file.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Full scale is +-1.
    rate
        Samples per second.
    slow
        Plays so many times slower, and as much lower: what rings beyond hearing comes down into it.
    band
        Edges in Hz of what is left in it; None for all. Filtered forwards and backwards, so that nothing moves in time.
    """
    heard = np.nan_to_num(samples.astype(np.float64))
    if band is not None:
        low, high = max(band[0], 20.0), min(band[1], 0.49 * rate)
        heard = sosfiltfilt(butter(4, (low, high), "bandpass", fs=rate, output="sos"), heard)
    raised = 10 ** (raised_db(heard) / 20)
    whole = np.rint(np.clip(heard * raised, -1.0, 1.0) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(max(1, rate // slow))
        out.writeframes(whole.tobytes())
    return file.getvalue()


def raised_db(samples: NDArray[np.float64] | NDArray[np.float32]) -> float:
    """Tell by how much a sound is raised to be heard; the picture keeps its true level."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return min(RAISED_MOST_DB, 20 * float(np.log10(PEAK / peak))) if peak > 0 else 0.0


def span_of(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Read a Range header (RFC 9110, section 14.2): first byte and the one past the last.

    None for the whole: no header, or one of a kind that may be ignored.

    Raises
    ------
    ValueError
        It begins past the end.
    """
    found = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if found is None:
        return None
    first = int(found[1])
    last = min(int(found[2]) if found[2] else size - 1, size - 1)
    if first >= size or last < first:
        raise ValueError(f"bytes from {first}; there are {size}")
    return first, last + 1
