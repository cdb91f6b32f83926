"""A new unit from sister units, by the path that ships: `models.sisters.learn_from_sisters`.

One fixed setting. `bldc`: a motor enrolled at 2 or 4 speeds, the other motor its sister; `engines`: a car enrolled with
2 or 3 takes, the other cars its sisters. What was not enrolled is judged, and every fault. Writes its section of
docs/accuracy.md. Run: ``python -m benchmarks.sister_units``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none

from analytics.decision.judge import numbers_of
from analytics.decision.model import FrontEnd
from analytics.features.log_mel import Level, Profile
from benchmarks.accuracy import DATA, auc, clips_of, write_figures
from models.embedding import Embedding, ModelError, load_embedding
from models.hearing import Hearing
from models.sisters import Sister, learn_from_sisters
from models.taught import Heard, TaughtRows, TeachError, TeachSettings
from models.teach import learn_rows, scores_of

WAYS = 35  #: of choosing which groups are enrolled, at most
SETS = {"bldc": ("motor", "speed", "healthy", 1.9, (2, 4)), "engines": ("car", "take", "normal", 3.9, (2, 3))}


@dataclass(frozen=True)
class Unit:
    """One motor or car: good parts with their groups, and faulty ones."""

    name: str
    good: TaughtRows
    bad: NDArray[np.float32]

    def only(self, groups: Sequence[str], enrolled: bool = True) -> TaughtRows:
        """Return the good parts of these groups, or all others."""
        kept = [i for i, one in enumerate(self.good.heard) if (one.group in groups) == enrolled]
        vectors = self.good.embeddings
        heard = tuple(self.good.heard[i] for i in kept)
        return TaughtRows(self.good.features[kept], None if vectors is None else vectors[kept], heard)


def units_of(name: str, embedding: Embedding | None) -> tuple[list[Unit], Hearing]:
    """Hear all units of a set; clips of another rate are left out, as are motors with no healthy clip."""
    unit, group, healthy, length_s, _ = SETS[name]
    hearing = Hearing(
        FrontEnd(Profile.STEADY, Level.ABSOLUTE, 16_000, length_s),
        embedding=embedding.name if embedding else "",
        sha256=embedding.sha256 if embedding else "",
    )
    heard: dict[str, tuple[list[Heard], list[NDArray[np.float32]], list[NDArray[np.float32] | None]]] = {}
    for clip in clips_of(name):
        if clip.capture.rate != hearing.front_end.rate:
            continue
        features, vector = numbers_of(clip.capture, hearing.front_end, embedding.embed if embedding else None)
        row = clip.row
        record = Heard(row["file"], f"{len(heard):064d}", row[group], "" if row["label"] == healthy else row["label"])
        titles, numbered, embedded = heard.setdefault(row[unit], ([], [], []))
        titles.append(record)
        numbered.append(features)
        embedded.append(vector)
    found = []
    for one, (records, numbers, vectors) in heard.items():
        rows = TaughtRows(np.array(numbers), np.array(vectors, np.float32) if embedding else None, tuple(records))
        good = [i for i, record in enumerate(records) if not record.defect]
        if good:
            bad = np.setdiff1d(np.arange(len(records)), good)
            goods = TaughtRows(
                rows.features[good],
                None if rows.embeddings is None else rows.embeddings[good],
                tuple(records[i] for i in good),
            )
            found.append(Unit(one, goods, rows.joined[bad]))
    return found, hearing


def judged(unit: Unit, sisters: Sequence[Unit], hearing: Hearing, count: int) -> list[float]:
    """AUC, good rejected, faulty caught with sisters, and AUC without: mean over the ways to enrol `count` groups."""
    groups = sorted({one.group for one in unit.good.heard})
    ways = list(combinations(groups, count))
    chosen = np.random.default_rng(0).permutation(len(ways))[:WAYS]
    lent = [Sister(one.name, one.good, hearing) for one in sisters]
    found: list[list[float]] = []
    for way in chosen:
        taught, rest = unit.only(ways[way]), unit.only(ways[way], enrolled=False)
        try:
            learned = learn_from_sisters(taught, hearing, TeachSettings(), lent)
            alone = learn_rows(taught, hearing, TeachSettings())
        except TeachError as fault:
            raise SystemExit(f"{unit.name}: {fault}") from fault
        good, bad = scores_of(learned.model, rest.joined), scores_of(learned.model, unit.bad)
        without = auc(scores_of(alone.model, rest.joined), scores_of(alone.model, unit.bad))
        found.append([auc(good, bad), float(np.mean(good > 1)), float(np.mean(bad > 1)), without])
    return [float(value) for value in np.mean(found, axis=0)]


def table(embeddings: Sequence[Embedding | None]) -> Iterator[str]:
    """Every set, unit and number of groups."""
    yield (
        "| set | groups enrolled | unit | voters | AUC | good rejected | faulty caught "
        "| AUC without sisters | promise shown |\n|--|--:|--|--|--:|--:|--:|--:|--:|\n"
    )
    for name in SETS:
        for embedding in embeddings:
            units, hearing = units_of(name, embedding)
            for count in SETS[name][-1]:
                if count * 3 < 8 and name == "bldc":
                    continue  # three clips a speed: fewer than `models.taught.FEWEST` good parts
                rows = [judged(one, [other for other in units if other is not one], hearing, count) for one in units]
                for label, row in (*zip([one.name for one in units], rows, strict=True), ("mean", np.mean(rows, 0))):
                    voters = f"log-mel and {embedding.name}" if embedding else "log-mel"
                    yield (
                        f"| {name} | {count} | {label} | {voters} | {row[0]:.3f} | {row[1]:.1%} | {row[2]:.1%} "
                        f"| {row[3]:.3f} | {1 / (count + 1):.0%} |\n"
                    )


def main() -> None:
    """Measure, and write the section."""
    if not (DATA / "engines/labels.csv").exists():
        raise SystemExit(f"no recordings at {DATA.resolve()}: this benchmark judges real sound")
    embeddings: list[Embedding | None] = [None]
    try:
        embeddings.append(load_embedding("aisfx"))
    except ModelError as fault:
        print(f"skipped aisfx: {fault}")
    with threadpool_limits(1):
        write_figures("sister-units", "".join(table(embeddings)))


if __name__ == "__main__":
    main()
