"""Is sound with speech in it kept? Spoken digits mixed into the sound of real machines, through the gate that ships.

Speakers and machines are halved: threshold and margin were chosen on one half (``--split chosen``), the figures are of
the other. Also: what a listener's machine could still make out of the numbers and pictures that stay. Writes its table
into docs/privacy.md. Run: ``python -m benchmarks.speech``.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.fft import dct

from analytics.features.log_mel import Level, Profile, mel_plan, part_features
from benchmarks.accuracy import DATA, ROOT, clips_of
from gateway.stations.evidence import spectrogram_db
from models.speech import SpeechModel

PAGE = ROOT / "docs/privacy.md"
RATE = 16_000
STREAM_S, WINDOW_S, STRIDE_S = 6.0, 0.5, 0.25
LEVELS_DB = (0.0, 5.0, 10.0)  #: RMS of the word over RMS of the machine
WORDS = 6  #: mixed into each machine, at each level
CROSSFADE = 800
CHOSEN = {"speech": {"george", "jackson"}, "engines": {"car02"}, "fan": {"fan_a"}, "bldc": {"M1"}}
KNOCK_S, AROUND_S, BEFORE_S = 0.043, 0.1, 1.0

Sound = NDArray[np.float32]


def words(split: str) -> list[Sound]:
    """Return the digits of two of the four speakers."""
    return [sound for _, sound in _halves("speech", "speaker", split)]


def machines(split: str) -> Iterator[tuple[str, Sound]]:
    """Yield machine sounds: other cars, fans, motors in each half; of the one compressor every second day."""
    for name, column in (("engines", "car"), ("fan", "machine"), ("bldc", "motor")):
        yield from ((name, sound) for _, sound in _halves(name, column, split))
    clips = [clip for clip in clips_of("compressor") if clip.row["label"] != "off"]
    dates = sorted({clip.row["date"] for clip in clips})
    chosen = set(dates[::2])
    for clip in clips:
        if (clip.row["date"] in chosen) == (split == "chosen"):
            yield "compressor", _resampled(clip.capture.samples, clip.capture.rate)


def _halves(name: str, column: str, split: str) -> Iterator[tuple[str, Sound]]:
    for clip in clips_of(name):
        if (clip.row[column] in CHOSEN[name]) == (split == "chosen"):
            yield clip.row[column], _resampled(clip.capture.samples, clip.capture.rate)


def _resampled(samples: Sound, rate: int) -> Sound:
    return samples if rate == RATE else np.asarray(soxr.resample(samples, rate, RATE), np.float32)


def bed(sound: Sound, n: int, rng: Generator) -> Sound:
    """Lengthen a sound with cross-fades of 50 ms, and cut n samples out of it."""
    fade = np.linspace(0, 1, CROSSFADE, dtype=np.float32)
    long = sound
    while len(long) < n + CROSSFADE:
        seam = long[-CROSSFADE:] * (1 - fade) + sound[:CROSSFADE] * fade
        long = np.concatenate([long[:-CROSSFADE], seam, sound[CROSSFADE:]])
    start = rng.integers(0, len(long) - n)
    return long[start : start + n].copy()


def rms(sound: Sound) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def kept(spans: Sequence[tuple[int, int]], start: int, stop: int) -> bool:
    """Whether a stretch keeps its sound: no span reaches into it."""
    return not any(a < stop and start < b for a, b in spans)


def streams(model: SpeechModel, split: str) -> Iterator[str]:
    """Cut streams into windows, with and without a word somewhere."""
    rng, n = np.random.default_rng(0), round(STREAM_S * RATE)
    said = words(split)
    clean: dict[str, list[bool]] = defaultdict(list)
    spoken: dict[tuple[str, float], list[bool]] = defaultdict(list)
    windows = [(int(s * RATE), int((s + WINDOW_S) * RATE)) for s in np.arange(0, STREAM_S - WINDOW_S, STRIDE_S)]
    for name, sound in machines(split):
        alone = bed(sound, n, rng)
        spans = model.spans(alone, RATE)
        clean[name] += [not kept(spans, *window) for window in windows]
        for level_db in LEVELS_DB:
            for _ in range(WORDS):
                word = said[rng.integers(len(said))]
                at = int(rng.integers(RATE // 2, n - len(word)))
                mixed = alone.copy()
                mixed[at : at + len(word)] += word * (rms(alone) / rms(word) * 10 ** (level_db / 20))
                spans = model.spans(mixed, RATE)
                over = [window for window in windows if at < window[1] and window[0] < at + len(word)]
                spoken[name, level_db] += [kept(spans, *window) for window in over]
    yield "| machine | windows with speech | kept at " + " | kept at ".join(f"{x:+.0f} dB" for x in LEVELS_DB)
    yield " | windows without | their sound lost |\n|---|--:|" + "--:|" * len(LEVELS_DB) + "--:|--:|\n"
    for name in [*clean, ""]:
        of = [key for key in clean if name in ("", key)]
        kept_at = [np.concatenate([spoken[one, level_db] for one in of]) for level_db in LEVELS_DB]
        many, lost = sum(map(len, kept_at)), np.concatenate([clean[one] for one in of])
        figures = " | ".join(f"{np.mean(one):.2%}" for one in kept_at)
        yield f"| {name or 'all'} | {many} | {figures} | {len(lost)} | {np.mean(lost):.1%} |\n"


def knocks(model: SpeechModel, split: str) -> Iterator[str]:
    """Lay words over struck parts: what is cut for a bottle lasts a quarter of a second."""
    rng = np.random.default_rng(1)
    said, around, before = words(split), round(AROUND_S * RATE), round(BEFORE_S * RATE)
    bottles = [_resampled(clip.capture.samples, clip.capture.rate) for clip in clips_of("bottles")[::8]]
    yield "\n| a word over a bottle's knock, against the knock | clips | kept, 0.25 s heard | kept, 1 s before too |\n"
    yield "|---|--:|--:|--:|\n"
    for level_db in (-20.0, -10.0, 0.0, 10.0, None):
        found = []
        for knock in bottles:
            long = rng.normal(0, rms(knock) * 0.01, before + len(knock) + 2 * around).astype(np.float32)
            at = before + around
            long[at : at + len(knock)] += knock
            if level_db is not None:
                word = said[rng.integers(len(said))]
                first = int(rng.integers(at - len(word) + len(knock), at + 1))  # some of it lies on the knock
                lead = max(0, -first)
                piece = word[lead : len(long) - first]
                first = max(0, first)
                long[first : first + len(piece)] += piece * (rms(knock) / rms(word) * 10 ** (level_db / 20))
            found.append([not model.spans(long[before:], RATE), kept(model.spans(long, RATE), before, len(long))])
        short, wide = np.mean(found, axis=0)
        yield f"| {'no word' if level_db is None else f'{level_db:+.0f} dB'} | {len(found)} | {short:.1%} | {wide:.1%} |\n"


def steps(left: Sound, right: Sound) -> float:
    """Distance of two pictures (frames, bands), time warped (Sakoe and Chiba 1978, IEEE Trans. ASSP 26:43)."""
    apart = np.linalg.norm(left[:, None] - right[None], axis=2) / np.sqrt(left.shape[1])
    total = np.full((len(left) + 1, len(right) + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(len(left)):
        for j in range(len(right)):
            total[i + 1, j + 1] = apart[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return float(total[-1, -1]) / (len(left) + len(right))


def cepstra(sound: Sound) -> Sound:
    """Compute what a recogniser of words hears: 12 cepstra and their slopes, a frame each 10 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 200)[::80] * np.hamming(200).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, 256)))
    mel = np.linspace(0, 2595 * np.log10(1 + 4000 / 700), 26)
    edges = 700 * (10 ** (mel / 2595) - 1) / 4000 * 128
    lines = np.arange(power.shape[1])
    bands = [np.interp(lines, edges[i : i + 3], [0, 1, 0]) for i in range(24)]
    found = dct(np.log(power @ np.array(bands).T + 1e-8), axis=1, norm="ortho")[:, 1:13]
    both = np.concatenate([found, 2 * np.gradient(found, axis=0)], axis=1)
    return np.asarray(both - both.mean(axis=0), np.float32)


def intelligible() -> Iterator[str]:
    """Recognise the digit of a speaker who was never heard, from the sound and from what stays of it."""
    clips = clips_of("speech")
    digits = np.array([clip.row["digit"] for clip in clips])
    speakers = np.array([clip.row["speaker"] for clip in clips])
    rate = clips[0].capture.rate
    plan = mel_plan(rate, Profile.STEADY)
    sounds = [
        np.pad(clip.capture.samples, (0, max(0, plan.frame + plan.hop - len(clip.capture.samples)))) for clip in clips
    ]
    numbers = np.array([part_features(one, plan, Profile.STEADY, Level.ABSOLUTE) for one in sounds])
    pictures = [spectrogram_db(one, rate) for one in sounds]
    ears = [cepstra(one) for one in sounds]
    yield "\n| one of ten digits, by a speaker never heard before | right | by chance |\n|---|--:|--:|\n"
    flat = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    ways: tuple[tuple[str, Callable[[int, int], float]], ...] = (
        ("from the sound (cepstra, time warped)", lambda a, b: steps(ears[a], ears[b])),
        (
            "from the picture (64 bands each 11 ms, time warped)",
            lambda a, b: steps(_shown(pictures[a]), _shown(pictures[b])),
        ),
        ("from the 128 numbers of a part (nearest)", lambda a, b: float(np.linalg.norm(flat[a] - flat[b]))),
    )
    for what, apart in ways:
        right = []
        for index in range(len(clips)):
            others = np.flatnonzero(speakers != speakers[index])
            nearest = others[np.argmin([apart(index, int(other)) for other in others])]
            right.append(digits[nearest] == digits[index])
        yield f"| {what} | {np.mean(right):.0%} | 10% |\n"
    guess = np.concatenate(
        [_discriminant(flat, digits, speakers != one, speakers == one) for one in np.unique(speakers)]
    )
    yield f"| from the 128 numbers of a part (shrunk discriminant) | {guess.mean():.0%} | 10% |\n"


def _shown(picture: Sound | None) -> Sound:
    assert picture is not None
    return np.asarray(picture - picture.mean(axis=0), np.float32)


def _discriminant(
    rows: Sound, names: NDArray[np.str_], known: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(rows[known], names[known])
    return np.asarray(fitted.predict(rows[asked]) == names[asked])


def cost(model: SpeechModel) -> str:
    """Say what two seconds take."""
    sound = np.random.default_rng(0).normal(0, 0.1, 96_000).astype(np.float32)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        model.spans(sound, 48_000)
        times.append(time.perf_counter() - began)
    return f"\nTwo seconds at 48 kHz take {1000 * np.median(times):.1f} ms on one thread.\n"


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--split", choices=("chosen", "unseen"), default="unseen")
    split = parser.parse_args().split
    if not DATA.is_dir():
        print(f"skipped: recordings that are not here ({DATA})")
        return
    model = SpeechModel()
    text = "".join((*streams(model, split), *knocks(model, split), *intelligible(), cost(model)))
    print(text)
    if split == "unseen":
        page, begin, end = PAGE.read_text(encoding="utf-8"), "<!-- speech: begin -->", "<!-- speech: end -->"
        head, _, rest = page.partition(begin)
        PAGE.write_text(f"{head}{begin}\n{text}{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
