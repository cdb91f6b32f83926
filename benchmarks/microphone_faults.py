"""Is a dying microphone noticed? Faults laid over real sound, found by the code that watches every ear of a gateway.

Each stream is real healthy sound of one unit, its clips one after the other; the bottles are struck twice a second in a
simulated hall. After a drawn time a fault begins; found means that the ear, which was
well, has a fault within 10 s. Where nothing is laid over, the ear must stay well: those seconds are counted too.
Writes its table into docs/accuracy.md. Run: ``python -m benchmarks.microphone_faults``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from analytics.quality.ear import EarState, ear_step
from analytics.quality.ear_watch import Watch, unheard, watch_step
from benchmarks.accuracy import Clip, clips_of, write_figures
from benchmarks.gate import pink

BEGINS_S = (45, 75)  #: of sound before the fault
WITHIN_S = 10
DRAWS = 3
KNOCKS_HZ = 2
BUSY_HOURS = 6
HALL_DB = -40.0  #: under the typical knock

Sound = NDArray[np.float64]
Fault = Callable[[Sound, int, Generator, Sound], Sound]


# ---- what breaks ----------------------------------------------------------------------------------------------------


def cap_on(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """10 dB less of everything, and above 500 Hz 12 dB an octave."""
    return np.asarray(sosfilt(butter(2, 500, fs=rate, output="sos"), x)) * 10 ** (-10 / 20)


def loose(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """Open a contact for about 20 ms, about ten times a second."""
    out, at = x.copy(), 0
    while at < len(x):
        at += round(rng.exponential(0.08) * rate)
        gap = round(max(0.005, rng.exponential(0.02)) * rate)
        out[at : at + gap] = rng.normal(0, 10 ** (-85 / 20), len(out[at : at + gap]))
        at += gap
    return out


def unplugged(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """Leave nothing but the noise of the input, -85 dB re full scale."""
    return rng.normal(0, 10 ** (-85 / 20), len(x))


def quieter(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    return x * 10 ** (-3 / 20)


def louder(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    return np.clip(x * 10 ** (6 / 20), -1, 1)


def clipping(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """Overdriven until 1 % of the samples are flattened."""
    return np.clip(x / max(float(np.quantile(np.abs(x), 0.99)), 1e-9), -1, 1)


def hum(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """Seven harmonics of 50 Hz falling as 1 / k, together 10 dB under the sound."""
    t, k = np.arange(len(x)) / rate, np.arange(1, 8)
    tone = (np.sin(2 * np.pi * 50.02 * k[:, None] * t + rng.uniform(0, 6.28, (7, 1))) / k[:, None]).sum(axis=0)
    return x + tone * np.sqrt(np.mean(x**2) / np.mean(tone**2)) * 10 ** (-10 / 20)


def swapped(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    return other


def frozen(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    return np.full(len(x), 0.0123)


def one_buffer(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """20 ms again and again."""
    piece = x[: rate // 50]
    return np.resize(piece, len(x))


def dropouts(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """Lose 30 ms twice a second."""
    out = x.copy()
    for at in range(rate // 7, len(x), rate // 2):
        out[at : at + round(0.03 * rate)] = 0
    return out


def silent(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    return np.zeros(len(x))


def offset(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    return x + 0.05


def lost_highs(x: Sound, rate: int, rng: Generator, other: Sound) -> Sound:
    """Nothing above 2.5 kHz."""
    return np.asarray(sosfilt(butter(4, 2500, fs=rate, output="sos"), x))


FAULTS: dict[str, Fault] = {
    "cap on": cap_on, "cable loose": loose, "cable unplugged": unplugged, "-3 dB": quieter, "+6 dB": louder,
    "clipping": clipping, "hum": hum, "swapped channel": swapped, "frozen sample": frozen, "frozen buffer": one_buffer,
    "dropouts": dropouts, "silent": silent, "offset": offset, "lost highs": lost_highs,
}  # fmt: skip


# ---- what is heard --------------------------------------------------------------------------------------------------


def healthy() -> dict[str, tuple[int, list[Sound]]]:
    """Return the clips of each healthy unit, and their rate; `bottles` apart."""
    units: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips_of("engines"):
        if clip.row["label"] == "normal":
            units[f"engines {clip.row['car']}"].append(clip)
    for clip in clips_of("fan"):
        if clip.row["label"] == "normal":
            units[f"fan {clip.row['machine']}"].append(clip)
    for clip in clips_of("compressor"):
        units[f"compressor {clip.row['label']}"].append(clip)
    for clip in clips_of("bldc"):
        if clip.row["label"] == "healthy" and clip.capture.rate == 16_000:
            units[f"bldc {clip.row['motor']} {clip.row['speed']}"].append(clip)
    return {
        unit: (clips[0].capture.rate, [clip.capture.samples.astype(np.float64) for clip in clips])
        for unit, clips in units.items()
    }


def running(clips: Sequence[Sound], length: int, rng: Generator, rate: int) -> Sound:
    """Clips in their order from a drawn one on, joined by a cross-fade of 50 ms of equal power.

    Clips of 2 s are snapshots of different days or speeds and no stream: one of them is drawn and goes on.
    """
    first = int(rng.integers(len(clips)))
    short = len(clips[first]) < 3 * rate
    fade = rate // 20
    up = np.sin(np.linspace(0, np.pi / 2, fade))
    out, at, index = np.zeros(length + max(map(len, clips))), 0, first
    while at < length:
        clip = clips[index % len(clips)].copy()
        clip[:fade] *= up
        clip[-fade:] *= up[::-1]
        out[at : at + len(clip)] += clip
        at += len(clip) - fade
        index += not short
    return out[:length]


def struck(clips: Sequence[Sound], length: int, rng: Generator, rate: int) -> Sound:
    """Bottles, one each half second, in a hall that grows louder and quieter by 1 dB over a minute."""
    typical = float(np.median([np.sqrt(np.mean(clip**2)) for clip in clips]))
    slow = 10 ** (np.sin(np.arange(length) / rate / 60 * 2 * np.pi) / 20)
    hall = pink(rng, length) * slow * typical * 10 ** (HALL_DB / 20)
    for at in range(rate // 4, length - 4_096, rate // KNOCKS_HZ):
        clip = clips[rng.integers(len(clips))]
        hall[at : at + len(clip)] += clip
    return hall


# ---- the ear --------------------------------------------------------------------------------------------------------

Ear = tuple[EarState, Watch]


def listen(ear: Ear, sound: Sound) -> tuple[Ear, list[str]]:
    """Let the ear hear; returns it with the first fault of each second, empty where it is well."""
    state, watch = ear
    state, reports = ear_step(state, sound.astype(np.float32))
    said = []
    for one in reports:
        if one.second is not None:
            watch = watch_step(watch, one.second)
        words = [*one.quality, *((watch.fault,) if watch.fault else ())]
        said.append(",".join(words))
    return (state, watch), said


def table() -> Iterator[str]:
    """Lay each fault over each stream."""
    units, rng = healthy(), np.random.default_rng(0)
    bottles = [clip.capture.samples.astype(np.float64) for clip in clips_of("bottles") if clip.row["label"] == "good"]
    sets: dict[str, list[str]] = defaultdict(list)
    for name in (*units, "bottles"):
        sets[name.split()[0]].append(name)
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    clean_seconds, clean_alarms, alarmed, streams = 0, 0, Counter[str](), 0
    for kind, names in sets.items():
        for name in names:
            for _ in range(DRAWS):
                rate, clips = units.get(name, (48_000, bottles))
                begins = int(rng.integers(*BEGINS_S))
                make = struck if name == "bottles" else running
                sound = make(clips, (begins + 4 * WITHIN_S) * rate, rng, rate)
                at = round((begins + rng.uniform(0, 1)) * rate)
                ear, before = listen((EarState(rate), unheard()), sound[:at])
                _, after = listen(ear, sound[at:])
                usual = set(before)
                new = [word for word in (*before, *after) if word and word != "clipped" and word != "dc"]
                clean_seconds += len(before) + len(after)
                clean_alarms += len(new)
                streams += 1
                alarmed[kind] += bool(new)
                elsewhere = [one for one in units if one.split()[:2] != name.split()[:2]]
                stranger = elsewhere[rng.integers(len(elsewhere))]
                other_rate, other_clips = units[stranger]
                other = running(other_clips, (WITHIN_S + 3) * other_rate, rng, other_rate)
                other = np.asarray(soxr.resample(other, other_rate, rate))[: (WITHIN_S + 1) * rate]
                for fault, break_it in FAULTS.items():
                    if fault == "clipping" and "clipped" in usual:  # it is: nothing is laid over
                        continue
                    _, said = listen(ear, break_it(sound[at : at + len(other)], rate, rng, other))
                    news = [word for word in said[:WITHIN_S] if word and word not in usual]
                    found[fault, kind].append(bool(news))
                    words[fault][news[0] if news else "-"] += 1
    kinds = list(sets)
    yield (
        f"### Faults of the microphone, laid over healthy sound ({streams} streams, 45 to 75 s heard before)\n\n"
        f"Undisturbed: {clean_alarms} of {clean_seconds} s with a fault that is none, in {sum(alarmed.values())} of "
        f"{streams} streams ({', '.join(f'{kind} {alarmed[kind]}' for kind in kinds)}). `clipped` of sets that are "
        "clipped is not counted.\n\n"
        f"| found within {WITHIN_S} s | all | {' | '.join(kinds)} | said |\n|---|---|{'---|' * len(kinds)}---|\n"
    )
    for fault in FAULTS:
        every = [one for kind in kinds for one in found[fault, kind]]
        cells = " | ".join(f"{np.mean(found[fault, kind]):.0%}" for kind in kinds)
        said = ", ".join(f"{word} {count}" for word, count in words[fault].most_common(4))
        yield f"| {fault} | **{np.mean(every):.1%}** | {cells} | {said} |\n"


def busy_hall() -> str:
    """Count false alarms over hours of a simulated hall: a knock a second, three bursts a minute, a level that wanders."""
    rng, rate = np.random.default_rng(0), 8_000
    sections = butter(1, 800, fs=rate, output="sos")
    ear, wander, alarms, was = (EarState(rate), unheard()), 0.0, Counter[str](), ""
    for _ in range(60 * BUSY_HOURS):
        wander = float(np.clip(wander + rng.normal(0, 0.3), -6, 6))
        hall = np.asarray(sosfilt(sections, rng.normal(0, 0.02 * 10 ** (wander / 20), 60 * rate)))
        for at in range(0, 60 * rate - 1_000, rate):
            knock = rng.uniform(0.06, 0.3) * np.exp(-np.arange(800) / 100)
            hall[at : at + 800] += knock * rng.normal(0, 1, 800)
        for at in rng.integers(0, 55 * rate, 3):
            length = int(rng.uniform(0.1, 3) * rate)
            hall[at : at + length] += rng.uniform(0, 0.1) * rng.normal(0, 1, length)
        ear, said = listen(ear, hall)
        for word in said:
            if word and word != was:
                alarms[word] += 1
            was = word
    which = ", ".join(f"{word} {count}" for word, count in alarms.most_common()) or "none"
    return (
        f"\nIn {BUSY_HOURS} simulated hours of a busy hall (a knock a second, three bursts of up to 3 s a minute, up to 15 dB over "
        f"it, the level wandering by 0.3 dB a minute): {sum(alarms.values())} false alarms ({which}).\n"
    )


if __name__ == "__main__":
    write_figures("microphone faults", "".join([*table(), busy_hall()]))
