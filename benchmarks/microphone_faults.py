"""Is a dying microphone noticed? Faults laid over real sound, found by the code that watches every ear of a gateway.

Each stream is real healthy sound of one unit, its clips one after the other; the bottles are struck twice a second in a
simulated hall. After a drawn time a fault begins; found means that the ear, which was well, has a fault within 10 s:
a warning. Void is told apart: the ear is so sure of it that no part is believed. Where nothing is laid over, the ear
must stay well: those seconds are counted too, and a day of each of two simulated halls.
Writes its table into docs/accuracy.md. Run: ``python -m benchmarks.microphone_faults``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from analytics.quality.ear import EarState, ear_step
from analytics.quality.ear_watch import Watch, unheard, watch_step
from analytics.quality.words import DEAF
from benchmarks.accuracy import Clip, clips_of, write_figures
from benchmarks.gate import pink
from benchmarks.halls import HALL_RATE, busy, machines

BEGINS_S = (45, 75)  #: of sound before the fault
WITHIN_S = 10
LAID_S = 45  #: of each fault
DRAWS = 3
KNOCKS_HZ = 2
SEEDS, HOURS = 4, 6  #: of each simulated hall
HALL_DB = -40.0  #: under the typical knock

Sound = NDArray[np.float64]
Units = dict[str, tuple[int, list[Sound]]]  #: rate and clips of each
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
    return np.asarray(np.clip(x * 10 ** (6 / 20), -1, 1))


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


def healthy() -> Units:
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


def held_out() -> Units:
    """Return single healthy clips of machines that no setting of the ear was chosen by, each going on and on."""
    return {
        f"{clip.row['type']} {clip.row['machine']} {clip.row['clip']}": (
            clip.capture.rate,
            [clip.capture.samples.astype(np.float64)],
        )
        for clip in clips_of("machines")
        if clip.row["label"] == "normal"
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
        clip = clips[int(rng.integers(len(clips)))]
        hall[at : at + len(clip)] += clip
    return hall


# ---- the ear --------------------------------------------------------------------------------------------------------

Ear = tuple[EarState, Watch]


class Said(NamedTuple):
    """What an ear says each second."""

    words: list[str]  #: empty where it is well
    void: list[bool]  #: no part is believed


def listen(ear: Ear, sound: Sound) -> tuple[Ear, Said]:
    """Let the ear hear."""
    state, watch = ear
    state, reports = ear_step(state, sound.astype(np.float32))
    said = Said([], [])
    for one in reports:
        if one.second is not None:
            watch = watch_step(watch, one.second)
        words = [*one.quality, *((watch.fault,) if watch.fault else ())]
        said.words.append(",".join(words))
        said.void.append(watch.sure or any(word in DEAF for word in one.quality))
    return (state, watch), said


@dataclass
class Tally:
    """What was counted over the streams."""

    found: dict[tuple[str, str], list[bool]] = field(default_factory=lambda: defaultdict(list))  #: by fault and set
    void_after: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  #: s, infinite where never
    words: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    alarmed: Counter[str] = field(default_factory=Counter)
    seconds: int = 0
    false: int = 0
    void: int = 0
    streams: int = 0

    def undisturbed(self, kind: str, said: Sequence[Said]) -> None:
        new = [word for one in said for word in one.words if word and word not in {"clipped", "dc"}]
        self.seconds += sum(len(one.words) for one in said)
        self.false += len(new)
        self.void += sum(sum(one.void) for one in said)
        self.streams += 1
        self.alarmed[kind] += bool(new)

    def laid_over(self, fault: str, kind: str, said: Said, usual: set[str]) -> None:
        news = [word for word in said.words[:WITHIN_S] if word and word not in usual]
        self.found[fault, kind].append(bool(news))
        self.words[fault][news[0] if news else "-"] += 1
        self.void_after[fault].append(said.void.index(True) + 1 if any(said.void) else np.inf)


def heard(units: Units, draws: int, others: Units) -> tuple[Tally, list[str]]:
    """Lay each fault over each stream; returns what came of it, and the sets."""
    rng, tally = np.random.default_rng(0), Tally()
    for name, (rate, clips) in units.items():
        for _ in range(draws):
            begins = int(rng.integers(*BEGINS_S))
            make = struck if name == "bottles" else running
            sound = make(clips, (begins + LAID_S + 3) * rate, rng, rate)
            at = round((begins + rng.uniform(0, 1)) * rate)
            kind = name.split()[0]
            ear, before = listen((EarState(rate), unheard()), sound[:at])
            tally.undisturbed(kind, (before, listen(ear, sound[at:])[1]))
            usual = set(before.words)
            elsewhere = [one for one in others if one.split()[:2] != name.split()[:2]]
            other_rate, other_clips = others[elsewhere[rng.integers(len(elsewhere))]]
            other = running(other_clips, (LAID_S + 3) * other_rate, rng, other_rate)
            other = np.asarray(soxr.resample(other, other_rate, rate))[: (LAID_S + 1) * rate]
            for fault, break_it in FAULTS.items():
                if fault == "clipping" and "clipped" in usual:  # it is: nothing is laid over
                    continue
                _, said = listen(ear, break_it(sound[at : at + len(other)], rate, rng, other))
                tally.laid_over(fault, kind, said, usual)
    return tally, list(dict.fromkeys(name.split()[0] for name in units))


def table() -> Iterator[str]:
    """Say what came of it."""
    units = healthy()
    bottles = [clip.capture.samples.astype(np.float64) for clip in clips_of("bottles") if clip.row["label"] == "good"]
    tally, kinds = heard({**units, "bottles": (48_000, bottles)}, DRAWS, units)
    yield (
        f"### Faults of the microphone, laid over healthy sound ({tally.streams} streams, 45 to 75 s heard before)\n\n"
        f"Undisturbed: {tally.false} of {tally.seconds} s with a warning that is none, in {sum(tally.alarmed.values())} "
        f"of {tally.streams} streams ({', '.join(f'{kind} {tally.alarmed[kind]}' for kind in kinds)}), {tally.void} s "
        "void. `clipped` of sets that are clipped is not counted. Parts are void: of so many within the "
        f"{LAID_S} s, and after so many seconds (half of all; nine of ten). Clipping and offset void a part by its own "
        f"samples alone.\n\n"
        f"| found within {WITHIN_S} s | all | {' | '.join(kinds)} | parts void | after | said |\n"
        f"|---|---|{'---|' * len(kinds)}---|---|---|\n"
    )
    for fault in FAULTS:
        every = [one for kind in kinds for one in tally.found[fault, kind]]
        cells = " | ".join(f"{np.mean(tally.found[fault, kind]):.0%}" for kind in kinds)
        said = ", ".join(f"{word} {count}" for word, count in tally.words[fault].most_common(4))
        after = np.asarray(tally.void_after[fault])
        half, most = np.quantile(after, [0.5, 0.9], method="higher")
        times = "; ".join(f"{one:.0f} s" if np.isfinite(one) else "-" for one in (half, most))
        void = "by itself" if fault in {"clipping", "offset"} else f"{np.mean(np.isfinite(after)):.0%}"
        times = "" if void == "by itself" else times
        yield f"| {fault} | **{np.mean(every):.1%}** | {cells} | {void} | {times} | {said} |\n"
    yield unseen(units)


def unseen(others: Units) -> str:
    """Say what came of machines that nothing was chosen by."""
    tally, kinds = heard(held_out(), 1, others)
    shares = {fault: np.mean([one for kind in kinds for one in tally.found[fault, kind]]) for fault in FAULTS}
    found = ", ".join(f"{fault} {share:.0%}" for fault, share in shares.items())
    return (
        f"\nThe same over {tally.streams} streams of machines that no setting was chosen by (`machines`, one clip each going "
        f"on and on: {', '.join(kinds)}). Undisturbed: {tally.false} of {tally.seconds} s with a warning, {tally.void} s "
        f"void. Found within {WITHIN_S} s: {found}.\n"
    )


# ---- hours of a hall -------------------------------------------------------------------------------------------------


def hours(name: str) -> str:
    """Count warnings, and times that parts were void, over hours of a simulated hall, a quarter of them a seed."""
    make = {"busy": busy, "machines": machines}[name]
    warned, void, void_s = Counter[str](), Counter[str](), 0
    for seed in range(SEEDS):
        minutes, ear, heard = make(np.random.default_rng(seed)), (EarState(HALL_RATE), unheard()), Said([], [])
        for _ in range(60 * HOURS):
            ear, said = listen(ear, next(minutes))
            heard.words.extend(said.words)
            heard.void.extend(said.void)
        warned.update(word for word, _ in groupby(heard.words) if word)
        pairs = zip(heard.words, heard.void, strict=True)
        void.update(word for (word, is_void), _ in groupby(pairs) if is_void)
        void_s += sum(heard.void)

    def told(counts: Counter[str]) -> str:
        which = ", ".join(f"{word} {count}" for word, count in counts.most_common())
        return f"{sum(counts.values())}" + (f" ({which})" if which else "")

    return f"| {name} | {HOURS * SEEDS} | {told(warned)} | {told(void)} | {void_s} |\n"


def halls(rows: Iterable[str]) -> str:
    """Say what came of hours of halls."""
    return (
        f"\nSimulated hours in which nothing is wrong, of {SEEDS} seeds. *busy*: a knock a second, three bursts a minute "
        "of up to 3 s and 15 dB over the hall, its level wandering by 0.3 dB a minute. *machines*: bursts of up to 20 s, "
        "and four machines about the microphone, up to 15 dB over the hall, started and stopped within 50 ms about every "
        "quarter of an hour each.\n\n| hall | hours | false warnings | times parts were void | seconds void |\n"
        "|---|---|---|---|---|\n" + "".join(rows)
    )


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        of_halls = pool.map(hours, ("busy", "machines"))
        of_faults = "".join(table())
        write_figures("microphone faults", of_faults + halls(of_halls))
