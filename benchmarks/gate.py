"""Is a part that another sound lies over noticed? Real knocks, real disturbances, mixed at known levels.

Around each bottle a hall is simulated: pink noise 40 dB under the part, +-2 dB. A disturbance lies with its loudest
43 ms on the knock, +-30 ms. Through `models.teach.learn` and `judge`; writes its table into docs/accuracy.md.
Run: ``python -m benchmarks.gate``.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from analytics.signal.capture import SURROUNDINGS_S, Capture
from benchmarks.accuracy import FIRST, Clip, clips_of, write_figures
from models.teach import TaughtPart, learn

RATE = 48_000
QUIET = round(SURROUNDINGS_S * RATE)
AMBIENT_DB, AMBIENT_SPREAD_DB = -40.0, 2.0
JITTER_S = 0.030
LEVELS_DB = (-20.0, -10.0, 0.0, 10.0)
STEADY = {"vacuum_cleaner", "washing_machine", "engine", "train", "chainsaw", "rain", "wind", "pouring_water"}

Sound = NDArray[np.float32]


def disturbances() -> dict[str, list[Sound]]:
    """Return events, steady sounds and speech at 48 kHz."""
    kinds: dict[str, list[Sound]] = defaultdict(list)
    for clip in clips_of("noise"):
        kinds["steady" if clip.row["label"] in STEADY else "events"].append(at_48_khz(clip))
    for clip in clips_of("speech"):
        kinds["speech"].append(at_48_khz(clip))
    return kinds


def at_48_khz(clip: Clip) -> Sound:
    """Resample, as mixing asks for one rate."""
    return np.asarray(soxr.resample(clip.capture.samples, clip.capture.rate, RATE), np.float32)


def pink(rng: Generator, n: int) -> NDArray[np.float64]:
    """Noise of equal power in every octave from 20 Hz, RMS 1."""
    hz = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    noise = np.fft.irfft(np.fft.rfft(rng.normal(0, 1, n)) / np.sqrt(hz), n)
    return noise / np.sqrt(np.mean(noise**2))


def in_the_hall(clip: Clip, rng: Generator, over: Sound | None = None, level_db: float = 0.0) -> Capture:
    """Lay a hall around a part, and a disturbance over both, `level_db` against the part inside its window."""
    part = clip.capture.samples.astype(np.float64)
    n, rms = len(part), float(np.sqrt(np.mean(part**2)))
    hall = pink(rng, n + 2 * QUIET) * rms * 10 ** ((AMBIENT_DB + rng.uniform(-1, 1) * AMBIENT_SPREAD_DB) / 20)
    hall[QUIET : QUIET + n] += part
    if over is not None:
        hall += disturbance(over, len(hall), n, rng) * rms * 10 ** (level_db / 20)
    return Capture(hall.astype(np.float32), RATE, QUIET, QUIET + n)


def disturbance(over: Sound, total: int, n: int, rng: Generator) -> NDArray[np.float64]:
    """Place a sound so that its loudest stretch of a part's length lies on the part; RMS 1 within the part."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(over, dtype=np.float64))])
    loudest = int(np.argmax(energy[n:] - energy[:-n])) if len(over) >= n else 0
    start = QUIET - loudest + round(rng.uniform(-1, 1) * JITTER_S * RATE)
    out = np.zeros(total)
    first, last = max(0, start), min(total, start + len(over))
    out[first:last] = over[first - start : last - start]
    inside = float(np.sqrt(np.mean(out[QUIET : QUIET + n] ** 2)))
    return out / inside if inside > 0 else out


def table() -> Iterator[str]:
    """Judge good and cracked bottles with each kind of disturbance at each level."""
    clips, rng = clips_of("bottles"), np.random.default_rng(0)
    good = [clip for clip in clips if clip.row["label"] == "good"]
    taught = [clip for clip in good if int(clip.row["index"]) < FIRST]
    later = [clip for clip in good if int(clip.row["index"]) >= FIRST]
    bad = [clip for clip in clips if clip.row["label"] == "cracked"]
    model = learn([TaughtPart(clip.row["file"], in_the_hall(clip, rng)) for clip in taught]).model
    clean = [Quality.DISTURBED in judge(in_the_hall(clip, rng), model).verdict.quality for clip in [*later, *bad]]
    yield (
        f"### Disturbance: {len(later)} good and {len(bad)} cracked bottles in a simulated hall\n\n"
        f"Undisturbed parts called disturbed: {np.mean(clean[: len(later)]):.1%} of the good, "
        f"{np.mean(clean[len(later) :]):.1%} of the cracked.\n\n"
        "| over the part | level | noticed | good called NotOK | cracked called OK | the last, without the gate |\n"
        "|---|---|---|---|---|---|\n"
    )
    for kind, sounds in disturbances().items():
        for level_db in LEVELS_DB:
            verdicts = []
            for clip in [*later, *bad]:
                over = sounds[rng.integers(len(sounds))]
                verdicts.append(judge(in_the_hall(clip, rng, over, level_db), model).verdict)
            noticed = np.mean([Quality.DISTURBED in one.quality for one in verdicts])
            of_good, of_bad = verdicts[: len(later)], verdicts[len(later) :]
            rejected = np.mean([one.evaluation is Evaluation.NOT_OK for one in of_good])
            passed = np.mean([one.evaluation is Evaluation.OK for one in of_bad])
            ungated = np.mean([one.score is not None and one.score <= 1 for one in of_bad])
            yield f"| {kind} | {level_db:+.0f} dB | {noticed:.1%} | {rejected:.1%} | {passed:.1%} | {ungated:.1%} |\n"


if __name__ == "__main__":
    write_figures("disturbance", "".join(table()))
