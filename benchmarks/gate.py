"""Is a part that another sound lies over noticed? Real knocks, real disturbances, mixed at known levels.

Around each bottle a hall is simulated: pink noise 40 dB under the part, +-2 dB. A disturbance lies with its loudest
43 ms on the knock, +-30 ms. Engines run all the time: there an ambient microphone is simulated, which hears the engine
15 dB weaker by a way with delay and echoes, and the disturbance by another. Through `models.teach.learn` and `judge`;
writes its tables into docs/accuracy.md. Run: ``python -m benchmarks.gate``.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from analytics.signal.capture import SURROUNDINGS_S, Capture
from benchmarks.accuracy import FIRST, Clip, clips_of, write_figures
from models.teach import TaughtPart, TeachSettings, learn

RATE = 48_000
ENGINE_RATE = 16_000
LEAK_DB = -15.0
OWN_NOISE_DB = -40.0  #: of either microphone and its corner of the hall, under the engine
LOW_HZ = ((50.0, "full band"), (300.0, ">= 300 Hz"))
QUIET = round(SURROUNDINGS_S * RATE)
AMBIENT_DB, AMBIENT_SPREAD_DB = -40.0, 2.0
JITTER_S = 0.030
LEVELS_DB = (-20.0, -10.0, 0.0, 10.0)
STEADY = {"vacuum_cleaner", "washing_machine", "engine", "train", "chainsaw", "rain", "wind", "pouring_water"}

Sound = NDArray[np.float32]


def disturbances(rate: int) -> dict[str, list[Sound]]:
    """Return events, steady sounds and speech at one rate, as mixing asks for."""
    kinds: dict[str, list[Sound]] = defaultdict(list)
    for clip in [*clips_of("noise"), *clips_of("speech")]:
        label = clip.row.get("label", "")
        kind = "speech" if not label else "steady" if label in STEADY else "events"
        kinds[kind].append(np.asarray(soxr.resample(clip.capture.samples, clip.capture.rate, rate), np.float32))
    return kinds


def pink(rng: Generator, n: int, rate: int = RATE) -> NDArray[np.float64]:
    """Noise of equal power in every octave from 20 Hz, RMS 1."""
    hz = np.maximum(np.fft.rfftfreq(n, 1 / rate), 20.0)
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


def bottles() -> Iterator[str]:
    """Judge good and cracked bottles with each kind of disturbance at each level, in the full band and from 300 Hz."""
    clips, sounds = clips_of("bottles"), disturbances(RATE)
    good = [clip for clip in clips if clip.row["label"] == "good"]
    taught = [clip for clip in good if int(clip.row["index"]) < FIRST]
    later = [clip for clip in good if int(clip.row["index"]) >= FIRST]
    bad = [clip for clip in clips if clip.row["label"] == "cracked"]
    yield f"### Disturbance: {len(later)} good and {len(bad)} cracked bottles in a simulated hall, one microphone\n"
    for low_hz, band in LOW_HZ:
        rng = np.random.default_rng(0)
        parts = [TaughtPart(clip.row["file"], in_the_hall(clip, rng)) for clip in taught]
        model = learn(parts, TeachSettings(low_hz=low_hz)).model
        clean = [Quality.DISTURBED in judge(in_the_hall(clip, rng), model).verdict.quality for clip in [*later, *bad]]
        yield (
            f"\nJudged in the {band}. Undisturbed parts called disturbed: {np.mean(clean[: len(later)]):.1%} of the good, "
            f"{np.mean(clean[len(later) :]):.1%} of the cracked.\n\n"
            "| over the part | level | noticed | good called NotOK | cracked called OK | the last, without the gate |\n"
            "|---|---|---|---|---|---|\n"
        )
        for kind in sounds:
            for level_db in LEVELS_DB:
                mixed = [
                    in_the_hall(clip, rng, sounds[kind][rng.integers(len(sounds[kind]))], level_db)
                    for clip in [*later, *bad]
                ]
                verdicts = [judge(capture, model).verdict for capture in mixed]
                yield row(kind, level_db, verdicts[: len(later)], verdicts[len(later) :])


def row(kind: str, level_db: float, of_good: list[Verdict], of_bad: list[Verdict]) -> str:
    """Format what became of good and bad parts under one kind of disturbance."""
    noticed = np.mean([Quality.DISTURBED in one.quality for one in [*of_good, *of_bad]])
    rejected = np.mean([one.evaluation is Evaluation.NOT_OK for one in of_good])
    passed = np.mean([one.evaluation is Evaluation.OK for one in of_bad])
    ungated = np.mean([one.score is not None and one.score <= 1 for one in of_bad])
    return f"| {kind} | {level_db:+.0f} dB | {noticed:.1%} | {rejected:.1%} | {passed:.1%} | {ungated:.1%} |\n"


def way(sound: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Send a sound through a hall: a delay of 1 to 5 ms and eight echoes within 150 ms, of power 1 in all."""
    rng = np.random.default_rng(seed)
    response = np.zeros(round(0.15 * ENGINE_RATE))
    direct = int(rng.integers(20, 80))
    response[direct] = 1.0
    response[rng.integers(direct + 30, len(response), 8)] += rng.normal(0, 0.35, 8)
    response /= np.sqrt(np.sum(response**2))
    size = len(sound) + len(response)
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: len(sound)]


def two_microphones(clip: Clip, rng: Generator, over: Sound | None = None, level_db: float = 0.0) -> Capture:
    """Return an engine and the ambient microphone beside it; a disturbance over both, `level_db` in the main one."""
    engine = clip.capture.samples.astype(np.float64)
    n, rms = len(engine), float(np.sqrt(np.mean(engine**2)))
    own = [pink(rng, n, ENGINE_RATE) * rms * 10 ** (OWN_NOISE_DB / 20) for _ in range(2)]
    main = engine + own[0]
    ambient = way(engine, int(clip.row["car"][-1])) * 10 ** (LEAK_DB / 20) + own[1]
    if over is not None:
        laid = np.zeros(n)
        begin = int(rng.integers(0, max(n - len(over), 0) + 1))
        laid[begin : begin + len(over)] = over[: n - begin]
        laid *= rms * 10 ** (level_db / 20) / np.sqrt(np.mean(laid**2))
        main, ambient = main + laid, ambient + way(laid, 77)
    pair = main.astype(np.float32), ambient.astype(np.float32)
    return Capture(pair[0], ENGINE_RATE, 0, n, before=False, after=False, ambient=pair[1])


def engines() -> Iterator[str]:
    """Judge each car's engine by what its first two normal takes taught, with an ambient microphone."""
    clips, sounds = clips_of("engines"), disturbances(ENGINE_RATE)
    sounds["steady"] = [np.resize(sound, 4 * ENGINE_RATE) for sound in sounds["steady"]]
    rng = np.random.default_rng(0)
    flagged, judged = [0, 0], [0, 0]
    found: dict[tuple[str, float], list[list[Verdict]]] = defaultdict(lambda: [[], []])
    for car in sorted({clip.row["car"] for clip in clips}):
        ours = [clip for clip in clips if clip.row["car"] == car]
        taught = [clip for clip in ours if clip.row["label"] == "normal" and clip.row["take"] in {"1", "2"}]
        parts = [TaughtPart(clip.row["file"], two_microphones(clip, rng), clip.row["take"]) for clip in taught]
        model = learn(parts).model
        for clip in ours:
            if clip in taught:
                continue
            bad = int(clip.row["label"] != "normal")
            judged[bad] += 1
            flagged[bad] += Quality.DISTURBED in judge(two_microphones(clip, rng), model).verdict.quality
            for kind in sounds:
                for level_db in LEVELS_DB:
                    for _ in range(2):
                        over = sounds[kind][rng.integers(len(sounds[kind]))]
                        capture = two_microphones(clip, rng, over, level_db)
                        found[kind, level_db][bad].append(judge(capture, model).verdict)
    yield (
        "\n### Disturbance: running engines with a simulated ambient microphone\n\n"
        f"Each car learned from its normal takes 1 and 2 (8 clips). Undisturbed clips called disturbed: {flagged[0]} of "
        f"{judged[0]} normal, {flagged[1]} of {judged[1]} faulty.\n\n"
        "| over the part | level | noticed | normal called NotOK | faulty called OK | the last, without the gate |\n"
        "|---|---|---|---|---|---|\n"
    )
    for (kind, level_db), (of_good, of_bad) in found.items():
        yield row(kind, level_db, of_good, of_bad)


if __name__ == "__main__":
    write_figures("disturbance", "".join([*bottles(), *engines()]))
