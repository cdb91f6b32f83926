"""What labels are worth: the next version of a recipe beside the one in use, on parts that neither has seen.

One fixed setting. Writes its section of docs/accuracy.md. Run: ``python -m benchmarks.labels``.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly
from scipy.stats import t as student
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none

from analytics.decision.judge import features_of
from analytics.features.log_mel import Level
from analytics.signal.capture import Capture
from benchmarks.accuracy import DRAWS, Clip, clips_of, write_figures
from models.propose import Figures, Labelled, Labels, Refused, figures_of, propose
from models.recipe import Recipe, load_taught, write_recipe
from models.taught import TeachSettings
from models.teach import learn

LABELS = 200
BAD = 40  #: of them


@dataclass(frozen=True)
class Draw:
    """One line: taught parts, then labelled ones in the order they were made, then unseen ones."""

    taught: Sequence[Clip]
    labelled: Sequence[Clip]
    unseen: Sequence[Clip]


def defect_of(clip: Clip) -> str:
    """Return the class of a clip; empty for a good one."""
    label = clip.row["label"]
    return "" if label in {"good", "healthy", "normal"} else label


def bottles(seed: int, clips: Sequence[Clip], taught_bad: int) -> Draw:
    """60 good ones and a few cracked taught, 200 labelled with 40 cracked among them, the rest unseen."""
    random = np.random.default_rng(seed)
    good, bad = ([one for one in clips if bool(defect_of(one)) is side] for side in (False, True))
    good, bad = ([side[i] for i in random.permutation(len(side))] for side in (good, bad))
    taught, good, bad = good[:60] + bad[:taught_bad], good[60:], bad[taught_bad:]
    labelled = good[: LABELS - BAD] + bad[:BAD]
    order = random.permutation(LABELS)
    return Draw(taught, [labelled[i] for i in order], good[LABELS - BAD :] + bad[BAD:])


def motors(seed: int, clips: Sequence[Clip]) -> Draw:
    """Three speeds of brushless motors taught with three defects, two speeds labelled, two unseen."""
    random = np.random.default_rng(seed)
    speeds = random.permutation(sorted({one.row["speed"] for one in clips if not defect_of(one)})).tolist()
    of = {speed: [one for one in clips if one.row["speed"] == speed] for speed in speeds}
    known = [one for speed in speeds[:3] for one in of[speed]]
    bad = [one for one in known if defect_of(one)]
    shots = [bad[i] for i in random.permutation(len(bad))[:3]]
    labelled = [one for speed in speeds[3:5] for one in of[speed]]
    order = random.permutation(len(labelled))
    unseen = [one for speed in speeds[5:] for one in of[speed]]
    return Draw([one for one in known if not defect_of(one)] + shots, [labelled[i] for i in order], unseen)


def taught(draw: Draw, settings: TeachSettings, folder: Path) -> Recipe:
    """Teach the version in use."""
    parts = [clip.taught("", defect_of(clip)) for clip in draw.taught]
    return write_recipe(folder, learn(parts, settings), "2026-01-01T00:00:00+00:00")


def labels_of(clips: Sequence[Clip], recipe: Recipe, said: Sequence[str] | None = None) -> Labels:
    """Label clips as they are, or as `said`, as a station would hold them."""
    rows = np.array([features_of(clip.capture, recipe.model.front_end) for clip in clips])
    rejected = np.max(list(recipe.model.scores(rows).values()), axis=0) > 1
    words = said if said is not None else [defect_of(clip) for clip in clips]
    parts = tuple(
        Labelled(clip.row["file"], hashlib.sha256(row.tobytes()).hexdigest(), word, row, rejected=bool(out))
        for clip, row, word, out in zip(clips, rows, words, rejected, strict=True)
    )
    return Labels(parts, len(parts))


def errors(figures: Figures) -> tuple[float, float, float]:
    """Share of good parts rejected, of defects missed, and the mean of both."""
    rejected, missed = figures.false_rejects / figures.good, figures.missed / figures.bad
    return rejected, missed, (rejected + missed) / 2


def poisoned(kind: str, labels: Labels, seed: int) -> Labels:
    """Spoil a set of labels."""
    random = np.random.default_rng(seed)
    defect = next(one.defect for one in labels.parts if one.defect)
    bad = np.array([one.bad for one in labels.parts])
    wrong = {
        "good and bad swapped": np.ones(len(bad), np.bool_),
        "half of all at random": random.random(len(bad)) < 0.5,
        "a fifth of all at random": random.random(len(bad)) < 0.2,
        "every bad one called good": bad,
        "half of the bad ones called good": bad & (random.random(len(bad)) < 0.5),
        "a quarter of the good ones called bad": ~bad & (random.random(len(bad)) < 0.25),
    }[kind]
    parts = [
        replace(one, defect="" if one.defect else defect) if spoilt else one
        for one, spoilt in zip(labels.parts, wrong, strict=True)
    ]
    return Labels(tuple(parts), labels.judged)


KINDS = (
    "good and bad swapped",
    "half of all at random",
    "every bad one called good",
    "half of the bad ones called good",
    "a quarter of the good ones called bad",
    "a fifth of all at random",
)
Found = list[tuple[tuple[float, float, float], tuple[float, float, float]]]


def interval(changes: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean of paired changes and its 95 % interval (Student)."""
    half = float(student.ppf(0.975, len(changes) - 1) * changes.std(ddof=1) / np.sqrt(len(changes)))
    return float(changes.mean()), float(changes.mean()) - half, float(changes.mean()) + half


def measure(draws: Sequence[Draw], settings: TeachSettings) -> tuple[Found, dict[str, int], dict[str, int]]:
    """Propose from honest labels and from poisoned ones, draw by draw."""
    found: Found = []
    refused = dict.fromkeys(KINDS, 0)
    whys: dict[str, int] = {}
    for seed, draw in enumerate(draws):
        with tempfile.TemporaryDirectory() as folder:
            recipe = taught(draw, settings, Path(folder) / "recipe")
            rows = load_taught(recipe.folder)
        labels = labels_of(draw.labelled, recipe)
        unseen = labels_of(draw.unseen, recipe).parts
        before = errors(figures_of(recipe.model, unseen)[0])
        try:
            after = errors(figures_of(propose(recipe, rows, labels).learned.model, unseen)[0])
        except Refused as fault:
            whys[str(fault)] = whys.get(str(fault), 0) + 1
            after = before  # nothing was proposed: the version in use goes on
        found.append((before, after))
        for kind in KINDS:
            try:
                propose(recipe, rows, poisoned(kind, labels, seed))
            except Refused:
                refused[kind] += 1
    return found, refused, whys


def lines(name: str, found: Found, whys: dict[str, int]) -> str:
    """Write one row of the table."""
    before, after = (np.array(side) for side in zip(*found, strict=True))
    mean, low, high = interval((after - before)[:, 2] * 100)
    cells = [f"{100 * b:.1f} -> {100 * a:.1f} %" for b, a in zip(before.mean(axis=0), after.mean(axis=0), strict=True)]
    return f"| {name} | {' | '.join(cells)} | {mean:+.1f} ({low:+.1f} to {high:+.1f}) | {sum(whys.values())} of {len(found)} |\n"


def at_one_rate(clips: Sequence[Clip], rate: int) -> list[Clip]:
    """Resample the few clips of another rate."""
    found = []
    for clip in clips:
        heard = clip.capture
        if heard.rate != rate:
            samples = resample_poly(heard.samples, rate, heard.rate).astype(np.float32)
            clip = Clip(clip.row, Capture(samples, rate, 0, len(samples), before=False, after=False))
        found.append(clip)
    return found


def table(draws: int = DRAWS) -> Iterator[str]:
    """Measure all, and write the section."""
    yield ("| set | good rejected | defects missed | mean of both | change (95 %) | refused |\n|--|--|--|--|--|--|\n")
    spoilt: dict[str, dict[str, int]] = {}
    glass = clips_of("bottles")
    for low_hz, band in ((50.0, "full band"), (300.0, ">= 300 Hz")):
        for shots in (0, 3):
            name = f"bottles {band}, 60 good and {shots} cracked taught"
            settings = TeachSettings(level=Level.NORMALISED, low_hz=low_hz)
            found, spoilt[name], whys = measure([bottles(seed, glass, shots) for seed in range(draws)], settings)
            yield lines(name, found, whys)
    speeds = at_one_rate(clips_of("bldc"), 16_000)
    found, spoilt["bldc"], whys = measure([motors(seed, speeds) for seed in range(draws)], TeachSettings(length_s=1.9))
    yield lines("bldc, unseen speeds, 18 healthy and 3 faulty taught, 28 labelled", found, whys)
    yield "\n| labels spoilt | " + " | ".join(spoilt) + " |\n|--|" + "--:|" * len(spoilt) + "\n"
    for kind in KINDS:
        yield f"| {kind} | " + " | ".join(f"{one[kind]} of {draws}" for one in spoilt.values()) + " |\n"


if __name__ == "__main__":
    with threadpool_limits(1):
        write_figures("labels", "".join(table()))
