"""What lets a person believe a verdict: the sound where it may be kept, and a small picture of it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analytics.decision.verdict import Evaluation
from analytics.signal.capture import Capture
from gateway.processes.cut import sound_of
from gateway.processes.messages import PartEvidence

BANDS = 64  #: rows a screen can show
LOWEST_HZ = 100.0
FLOOR_DB = -120.0


def evidence_of(
    capture: Capture,
    evaluation: Evaluation,
    keep_sound: str,
    before: Callable[[], NDArray[np.float32]] | None = None,
) -> PartEvidence | None:
    """Gather what is worth showing of one part; None where there is nothing.

    Parameters
    ----------
    capture
        The part.
    evaluation
        What was said of it. A part that is not OK is somebody's question, so only its picture is made.
    keep_sound
        never | rejects | all: what the site file lets be written.
    before
        Reads what was heard just before the capture: a word is told better with it.
    """
    asked_about = evaluation in (Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE)
    keep = keep_sound == "all" or (keep_sound == "rejects" and asked_about)
    picture = spectrogram_db(capture.samples, capture.rate) if evaluation is Evaluation.NOT_OK else None
    if not keep and picture is None:
        return None
    sound, heard = (sound_of(capture), before() if before else None) if keep else (None, None)
    return PartEvidence(capture.rate, sound, picture, heard)


def spectrogram_db(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32] | None:
    """Power in `BANDS` bands of equal width in log frequency, in dB re a full-scale sine, shape (frames, bands).

    Frames of about 21 ms, half overlapped, Hann; bands narrower than one line of the spectrum show that line. None
    where the sound is shorter than one frame.
    """
    size = 2 ** round(np.log2(rate * 0.0213))
    if len(samples) < size:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    window = np.hanning(size).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(np.nan_to_num(frames) * window)) / (window.sum() / 2))
    edges = np.geomspace(LOWEST_HZ, rate / 2, BANDS + 1) * size / rate
    lines = np.clip(edges.astype(int), 0, power.shape[1] - 2)
    bands = np.add.reduceat(power, lines, axis=1)[:, :BANDS]
    return np.asarray(np.maximum(10 * np.log10(np.maximum(bands, 1e-12)), FLOOR_DB), np.float32)
