"""How well running parts are judged, on fourteen rows of real recordings, with and without a second voter.

One fixed setting for every row, none chosen by row; each split leaves out whole takes, speeds or motors. Beside it, on
the very same numbers, other people's detectors as they come. Writes a section of docs/accuracy.md.
Run: ``python -m benchmarks.steady``. Without aiSFX (`wheeltapper models build aisfx`) its column is skipped aloud.
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from threadpoolctl import threadpool_limits

from analytics.decision.judge import numbers_of as part_numbers
from analytics.decision.model import FrontEnd
from analytics.decision.panel import Voices
from analytics.features.log_mel import Level, Profile
from benchmarks.accuracy import DATA, Clip, Numbers, auc, clips_of, peers_on, write_figures
from models.calibration import Fits, calibrate, limit_finder
from models.embedding import Embedding, load_embedding
from models.model_card import ModelError
from models.taught import TaughtPart
from models.teach import fit_logistic, fit_mahalanobis


@dataclass(frozen=True)
class Split:
    """Parts to learn from, and good and faulty ones to judge."""

    taught: list[TaughtPart]
    good: list[Clip]
    bad: list[Clip]


class Remembered:
    """An embedding that hears each sound once: splits share most of theirs."""

    def __init__(self, inner: Embedding) -> None:
        self._inner, self._known = inner, {}
        self.name, self.sha256, self.rate, self.size = inner.name, inner.sha256, inner.rate, inner.size

    def embed(self, samples: Numbers, rate: int) -> Numbers:
        key = hashlib.sha256(samples.tobytes()).digest()
        if key not in self._known:
            self._known[key] = self._inner.embed(samples, rate)
        return self._known[key]


def rows() -> dict[str, list[Split]]:
    """Lay out the fourteen tasks."""
    found: dict[str, list[Split]] = {}
    engines = clips_of("engines")
    for car in sorted({clip.row["car"] for clip in engines}):
        ours = [clip for clip in engines if clip.row["car"] == car]
        normal = [clip for clip in ours if clip.row["label"] == "normal"]
        bad = [clip for clip in ours if clip.row["label"] == "faulty"]
        takes = sorted({clip.row["take"] for clip in normal})
        for many in (1, 2, 3):
            found[f"engines {car}, {many} of {len(takes)} takes"] = [
                _split(normal, bad, lambda clip, kept=kept: clip.row["take"] in kept, "take")
                for kept in combinations(takes, many)
            ]
    for machine, ours in _by(clips_of("fan"), "machine").items():
        normal = [clip for clip in ours if clip.row["label"] == "normal"]
        bad = [clip for clip in ours if clip.row["label"] != "normal"]
        thirds = [normal[third::3] for third in range(3)]
        found[f"fan {machine}, a third left out"] = [
            _split(normal, bad, lambda clip, third=third: clip not in third, "") for third in thirds
        ]
    found |= motors([clip for clip in clips_of("bldc") if clip.capture.rate == 16_000])
    return found


def motors(clips: Sequence[Clip]) -> dict[str, list[Split]]:
    """Leave out one speed of both healthy motors, or one whole motor."""
    healthy = [clip for clip in clips if clip.row["label"] == "healthy"]
    bad = [clip for clip in clips if clip.row["label"] != "healthy"]
    speeds, units = _by(healthy, "speed"), _by(healthy, "motor")
    found = {
        "bldc, a speed left out": [
            _split(healthy, bad, lambda clip, speed=speed: clip.row["speed"] != speed, "speed") for speed in speeds
        ]
    }
    for unit in units:
        found[f"bldc, only {unit} learned"] = [
            _split(healthy, bad, lambda clip, unit=unit: clip.row["motor"] == unit, "speed")
        ]
    return found


def _by(clips: Sequence[Clip], key: str) -> dict[str, list[Clip]]:
    return {value: [clip for clip in clips if clip.row[key] == value] for value in sorted({c.row[key] for c in clips})}


def _split(normal, bad, taught, group) -> Split:  # noqa: ANN001  # clips, clips, which of the first, column of groups
    return Split(
        [clip.taught(group=clip.row[group] if group else "") for clip in normal if taught(clip)],
        [clip for clip in normal if not taught(clip)],
        bad,
    )


def numbers_of(split: Split, embedding: Embedding | None) -> tuple[Numbers, Numbers, Numbers, int]:
    """Rows of what is taught, of the good and of the bad parts; and how many numbers of each are features."""
    captures = [
        [part.capture for part in split.taught],
        *([clip.capture for clip in side] for side in (split.good, split.bad)),
    ]
    length_s = min(len(capture.part) / capture.rate for side in captures for capture in side)
    front_end = FrontEnd(Profile.STEADY, Level.ABSOLUTE, split.good[0].capture.rate, length_s)
    sides = []
    for side in captures:
        heard = [part_numbers(capture, front_end, embedding.embed if embedding else None) for capture in side]
        sides.append(np.array([np.concatenate([one for one in both if one is not None]) for both in heard], np.float32))
    return (*sides, front_end.count)


def shipped(split: Split, embedding: Embedding | None) -> tuple[float, float, float]:
    """AUC, and the share of good and of bad that is rejected at the limit, by the code that teaches and judges.

    By its rows and not through `learn`, which refuses fewer than eight parts: four rows teach four or five.
    """
    taught, good, bad, own = numbers_of(split, embedding)
    groups = [part.group for part in split.taught]
    limit_of = limit_finder(groups, 0.01, 0.95)
    found = calibrate(taught, groups, {}, limit_of, Fits(fit_mahalanobis, fit_logistic, own))
    sides = [Voices(found.detector, found.second).score(rows) / found.limit.value for rows in (good, bad)]
    return auc(*sides), *(float(np.mean(side > 1)) for side in sides)


def row_of(splits: Sequence[Split], embedding: Embedding | None) -> tuple[list[float], tuple[float, float]]:
    """Mean figures of a task: AUC of ours, with the second voter, of others; good rejected, faults caught."""
    figures, limits = [], []
    for split in splits:
        own, *at_limit = shipped(split, None)
        second = shipped(split, embedding)[0] if embedding else np.nan
        taught, good, bad, _ = numbers_of(split, None)
        figures.append(
            [own, second, *(auc(*found) for _, *found in peers_on(taught, good, bad, fit_mahalanobis(taught)))]
        )
        limits.append(at_limit)
    return np.mean(figures, axis=0).tolist(), tuple(np.mean(limits, axis=0).tolist())


def section(embedding: Embedding | None) -> Iterator[str]:
    """Yield the table, a row a task, and the mean and the worst of all."""
    yield "AUC, mean over the splits.\n\n| learned | **wheeltapper** | at its limit: good rejected / faults caught "
    yield "| **with aiSFX** | IsolationForest | OneClassSVM | nearest neighbour |\n|---|---|---|---|---|---|---|\n"
    table = []
    tasks = rows()
    for done, (title, splits) in enumerate(tasks.items(), 1):
        figures, (rejected, caught) = row_of(splits, embedding)
        table.append(figures)
        yield _line(title, figures, f"{rejected:.0%} / {caught:.0%}")
        print(f"{done} of {len(tasks)}: {title}", file=sys.stderr, flush=True)
    yield _line("**mean**", np.mean(table, axis=0), "")
    yield _line("**worst**", np.min(table, axis=0), "")
    if embedding is None:
        yield "\nWithout aiSFX: no model on this machine.\n"


def _line(title: str, figures: Sequence[float], at_limit: str) -> str:
    own, *rest = ("-" if np.isnan(one) else f"{one:.3f}" for one in figures)
    return f"| {title} | **{own}** | {at_limit} | {' | '.join(rest)} |\n"


def main() -> None:
    """Measure and write the table."""
    if not (DATA / "engines/labels.csv").exists():
        raise SystemExit(f"no recordings at {DATA.resolve()}: this benchmark judges real sound")
    try:
        embedding: Embedding | None = Remembered(load_embedding("aisfx"))
    except ModelError as fault:
        print(f"skipped: aiSFX as second voter ({fault})", flush=True)
        embedding = None
    with threadpool_limits(1):
        write_figures("steady", "".join(section(embedding)))


if __name__ == "__main__":
    main()
