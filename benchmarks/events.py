"""Is glass heard breaking beside a running machine, and how often when none breaks? Real machines, real glass.

Each machine is a place of its own: half of its recordings are the background that is taught with, the other half what is
listened to. Glass is learned from three folds and asked of the fourth. One setting: one false alarm an hour. Writes its
table into docs/sounds.md. Run: ``python -m benchmarks.events``.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from analytics.features.log_mel import BANDS, Level, Profile, mel_plan, part_features
from analytics.few_shot.sound_kinds import STRIDE_S, WINDOW_S
from benchmarks.accuracy import DATA, ROOT, auc, clips_of
from models.embedding import Embedding, ModelError, load_embedding
from models.sound_kinds import Example, Taught, background_rows, event_rows, example_rows, learn

PAGE = ROOT / "docs/sounds.md"
FOLDS = ("1", "2", "3", "4")
LEVELS_DB = (0.0, 10.0)
ALARMS_PER_HOUR = 1.0
MIXES = 4  #: of each piece of glass left out, with each place, at each level

Sound = NDArray[np.float32]


class LogMel:
    """What costs nothing: mean and spread over time of 64 log-mel bands, loudness left out."""

    name, rate, size, sha256 = "log-mel", 44_100, 2 * BANDS, ""

    def embed(self, samples: Sound, rate: int) -> Sound:
        """Return 128 numbers."""
        return part_features(samples, mel_plan(rate, Profile.STEADY), Profile.STEADY, Level.NORMALISED)


@cache
def heard(name: str, rate: int) -> tuple[tuple[dict[str, str], Sound], ...]:
    """Return the clips of a set at one rate."""
    found = []
    for clip in clips_of(name):
        samples, own = clip.capture.samples, clip.capture.rate
        found.append((clip.row, samples if own == rate else np.asarray(soxr.resample(samples, own, rate), np.float32)))
    return tuple(found)


def places(rate: int) -> dict[str, list[Sound]]:
    """Return machines, each with its recordings; a quarter of a minute at least of each half."""
    found: dict[str, list[Sound]] = defaultdict(list)
    for name, column in (
        ("engines", "car"),
        ("fan", "machine"),
        ("machines", "type"),
        ("bldc", ""),
        ("compressor", ""),
        ("motors", ""),
    ):
        for row, sound in heard(name, rate):
            found[f"{name} {row[column]}" if column else name].append(sound)
    return found


def loudest(glass: Sound, rate: int) -> float:
    """RMS of the loudest half second."""
    window = round(WINDOW_S * rate)
    power = np.convolve(np.square(np.pad(glass, (0, window)), dtype=np.float64), np.ones(window) / window, "valid")
    return float(np.sqrt(power.max()))


def asked(glass: Sound, bed: Sound, level_db: float, rate: int, rng: np.random.Generator) -> Sound:
    """Lay glass over half a second and more of a machine on either side."""
    around = round(WINDOW_S * rate)
    long = np.resize(np.roll(bed, int(rng.integers(len(bed)))), len(glass) + 2 * around + round(STRIDE_S * rate)).copy()
    at = around + int(rng.integers(round(STRIDE_S * rate)))
    rms = float(np.sqrt(np.mean(np.square(long, dtype=np.float64))))
    long[at : at + len(glass)] += glass * (rms / loudest(glass, rate) * 10 ** (level_db / 20))
    return long


def separation(embedding: Embedding, rate: int) -> float:
    """AUC of glass against the other 24 kinds, fold left out, by the line between them alone."""
    rows = {index: event_rows(sound, rate, embedding) for index, (_, sound) in enumerate(heard("noise", rate))}
    labels = [(row["label"], row["fold"]) for row, _ in heard("noise", rate)]
    machines = [background_rows(sound, rate, embedding) for _, sound in heard("engines", rate)[::4]]
    found = []
    for fold in FOLDS:
        known = [index for index, (_, of) in enumerate(labels) if of != fold]
        glass = tuple(Example(rows[i]) for i in known if labels[i][0] == "glass_breaking")
        others = tuple(rows[i] for i in known if labels[i][0] != "glass_breaking")
        kinds, _ = learn(Taught({"glass": glass}, tuple(machines), others), ALARMS_PER_HOUR)
        peaks = {i: float(kinds.clear(rows[i]).max()) for i, (_, of) in enumerate(labels) if of == fold}
        sides = [
            np.array([p for i, p in peaks.items() if (labels[i][0] == "glass_breaking") is of]) for of in (False, True)
        ]
        found.append(auc(*sides))
    return float(np.mean(found))


def row(embedding: Embedding, rate: int, *, other: bool) -> str:
    """Teach at every place, and listen; with the other kinds of the taught folds as sounds that must not alarm, or not."""
    rng = np.random.default_rng(0)
    glass = [(row["fold"], sound) for row, sound in heard("noise", rate) if row["label"] == "glass_breaking"]
    events = [
        (row["fold"], event_rows(sound, rate, embedding))
        for row, sound in heard("noise", rate)
        if other and row["label"] != "glass_breaking"
    ]
    hits: dict[float, list[float]] = defaultdict(list)
    alarms, seconds, loudest_quiet = 0, 0.0, -np.inf
    taken: list[bool] = []
    for sounds in places(rate).values():
        taught, listened = sounds[::2], sounds[1::2]
        background = tuple(background_rows(sound, rate, embedding) for sound in taught)
        if STRIDE_S * sum(map(len, background)) < 30:
            continue
        quiet = [background_rows(sound, rate, embedding) for sound in listened]
        examples = [
            (fold, example_rows(sound, taught, rate, embedding, seed)) for seed, (fold, sound) in enumerate(glass)
        ]
        for fold in FOLDS:
            known = tuple(one for of, one in examples if of != fold)
            must_not = tuple(rows for of, rows in events if of != fold)
            kinds, _ = learn(Taught({"glass": known}, background, must_not), ALARMS_PER_HOUR)
            taken += [bool((kinds.clear(rows) > 0).any()) for of, rows in events if of == fold]
            clear = [kinds.clear(rows)[:, 0] for rows in quiet]
            alarms += sum(int(np.count_nonzero(np.diff((one > 0).astype(int), prepend=0) == 1)) for one in clear)
            seconds += STRIDE_S * sum(map(len, clear))
            loudest_quiet = max(loudest_quiet, *(float(one.max()) for one in clear))
            for of, sound in glass:
                if of != fold:
                    continue
                for level_db in LEVELS_DB:
                    for _ in range(MIXES // 2):
                        bed = listened[rng.integers(len(listened))]
                        rows = background_rows(asked(sound, bed, level_db, rate, rng), rate, embedding)
                        hits[level_db].append(float(kinds.clear(rows).max()))
    # Less than one alarm in the hours listened to is none: the lowest limit with none is what the clearest quiet reached.
    limits = (0.0, loudest_quiet)
    caught = [f"{np.mean(np.array(hits[level]) > limit):.1%}" for limit in limits for level in LEVELS_DB]
    listened_to = f"{alarms} in {seconds / 3600:.1f} h"
    figures = (f"{separation(embedding, rate):.3f}", *caught[:2], listened_to, *caught[2:])
    told = f", --other: {np.mean(taken):.1%} of events of other kinds taken for glass" if other else ""
    return f"| {embedding.name}{told} | {' | '.join(figures)} |\n"


def table() -> Iterator[str]:
    """One row an embedding; one that is not here is said."""
    yield "| heard through | AUC, glass against 24 other kinds | found at 0 dB | at +10 dB | false alarms"
    yield " | with the lowest limit that gave none: 0 dB | +10 dB |\n|---|--:|--:|--:|--:|--:|--:|\n"
    for name in ("log-mel", "student", "aisfx"):
        try:
            embedding: Embedding = LogMel() if name == "log-mel" else load_embedding(name)
        except ModelError as missing:
            print(f"skipped: {missing}")
            continue
        for other in (False, True):
            line = row(embedding, embedding.rate, other=other)
            print(line, flush=True)
            yield line


def main() -> None:
    """Write the table."""
    if not DATA.is_dir():
        print(f"skipped: recordings that are not here ({DATA})")
        return
    text = "".join(table())
    begin, end = "<!-- events: begin -->", "<!-- events: end -->"
    if PAGE.is_file():
        page = PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(begin)
        PAGE.write_text(f"{head}{begin}\n{text}{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
