"""What teaching promises and how well it keeps it, on real recordings; writes the tables of docs/teaching.md.

Good bottles are drawn to learn from, all others are fresh good parts. Run: ``python -m benchmarks.teaching``.
"""

import platform
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analytics.decision.judge import features_of
from analytics.decision.limits import order_statistic_limit
from analytics.decision.model import FrontEnd
from analytics.features.log_mel import Level, Profile
from analytics.few_shot.prototypes import Prototypes
from benchmarks.accuracy import DATA, ROOT, clips_of
from models.calibration import Calibrated, Fits, calibrate, limit_finder
from models.held_out import Rows, folds_over, held_out_scores
from models.naming import Shots, learn_names
from models.teach import fit_logistic, fit_mahalanobis, learn

DOCUMENT = ROOT / "docs/teaching.md"
DRAWS = 60
FITS = Fits(fit_mahalanobis, fit_logistic)
KNOCK = FrontEnd(Profile.KNOCK, Level.NORMALISED, 48_000, 2048 / 48_000)
STEADY = FrontEnd(Profile.STEADY, Level.ABSOLUTE, 16_000, 1.9)


def bottles(front_end: FrontEnd) -> tuple[Rows, Rows]:
    """Return the numbers of the good and of the cracked ones."""
    clips = clips_of("bottles")
    return tuple(
        np.array([features_of(clip.capture, front_end) for clip in clips if clip.row["label"] == label])
        for label in ("good", "cracked")
    )


def above(found: Calibrated, rows: Rows) -> float:
    """Return the share of `rows` that is rejected."""
    scores = found.detector.score(rows) / found.limit.value
    if found.taught is not None:
        scores = np.maximum(scores, found.taught.score(found.detector.whiten(rows)))
    return float(np.mean(scores > 1))


def promise(good: Rows, bad: Rows) -> Iterator[str]:
    """Tell how often lines keep what was promised to them."""
    yield "| good parts | cracked taught | asked for | good rejected | lines above what was asked | cracked caught |\n"
    yield "|--:|--:|--:|--:|--:|--:|\n"
    for n, taught, rate in (
        (16, 0, 0.01), (24, 0, 0.01), (50, 0, 0.01), (24, 10, 0.01),
        (59, 0, 0.05), (59, 3, 0.05), (59, 10, 0.05), (299, 0, 0.01), (299, 10, 0.01),
    ):  # fmt: skip
        random = np.random.default_rng(n + taught)
        rejected, caught = [], []
        for _ in range(DRAWS):
            order, shots = random.permutation(len(good)), random.permutation(len(bad))
            examples = {"crack": bad[shots[:taught]]} if taught else {}
            found = calibrate(good[order[:n]], [""] * n, examples, limit_finder([""] * n, rate, 0.95), FITS)
            rejected.append(above(found, good[order[n:]]))
            caught.append(above(found, bad[shots[taught:]]))
        mark = "" if order_statistic_limit(np.arange(1, n + 1), rate).provisional is False else " (provisional)"
        yield (
            f"| {n} | {taught} | {rate:.0%}{mark} | {np.mean(rejected):.1%} | {np.mean(np.array(rejected) > rate):.0%} "
            f"| {np.mean(caught):.0%} |\n"
        )


def provisional(good: Rows, bad: Rows) -> Iterator[str]:
    """Compare the provisional limit with the largest score alone."""
    yield "| good parts | largest score: good rejected / cracked caught | as shipped, asked for 1% |\n|--:|--:|--:|\n"
    for n in (10, 16, 24, 50, 100, 200):
        random = np.random.default_rng(n)
        shares = []
        for _ in range(DRAWS):
            order = random.permutation(len(good))
            taught, fresh = good[order[:n]], good[order[n:]]
            held_out = held_out_scores(taught, folds_over([""] * n), fit_mahalanobis)
            detector = fit_mahalanobis(taught)
            limits = (float(held_out.max()), limit_finder([""] * n, 0.01, 0.95)(held_out).value)
            shares.append([np.mean(detector.score(rows) > limit) for limit in limits for rows in (fresh, bad)])
        a, b, c, d = np.mean(shares, axis=0)
        yield f"| {n} | {a:.1%} / {b:.0%} | {c:.1%} / {d:.0%} |\n"


def names_of(goods: Rows, shots: dict[str, Rows]) -> Prototypes:
    """Learn names as `learn` does."""
    taught = {name: Shots(rows, ("",) * len(rows), ("",) * len(rows)) for name, rows in shots.items()}
    return learn_names(goods, taught, fit_mahalanobis)[0]


def naming(good: Rows, bad: Rows) -> Iterator[str]:
    """Name fresh examples, and leave unnamed what was never taught."""
    motors: dict[str, list[NDArray[np.float32]]] = {}
    for clip in clips_of("bldc"):
        if clip.capture.rate == STEADY.rate:
            motor = "" if clip.row["label"] == "healthy" else f" {clip.row['motor']}"
            motors.setdefault(clip.row["label"] + motor, []).append(features_of(clip.capture, STEADY))
    rows = {name: np.array(sounds) for name, sounds in motors.items()}
    yield "| examples | cracked bottles named | propeller M1, bearing M4 named | propeller M2, not taught: unknown |\n"
    yield "|--:|--:|--:|--:|\n"
    for count in (1, 3, 5, 10):
        random = np.random.default_rng(count)
        named: list[list[float]] = []
        for _ in range(20):
            order = random.permutation(len(bad))
            learned = names_of(good[random.permutation(len(good))[:100]], {"crack": bad[order[:count]]})
            crack = np.mean([learned.name(row) == "crack" for row in bad[order[count : count + 50]]])
            shots, fresh = {}, {}
            for name in ("propeller M1", "bearing M4"):
                mixed = rows[name][random.permutation(len(rows[name]))]
                shots[name], fresh[name] = mixed[:count], mixed[count:]
            learned = names_of(rows["healthy"], shots)
            right = np.concatenate([[learned.name(row) == name for row in sounds] for name, sounds in fresh.items()])
            unknown = np.mean([learned.name(row) == "unknown" for row in rows["propeller M2"]])
            named.append([float(crack), float(right.mean()), float(unknown)])
        yield "| {} | {:.0%} | {:.0%} | {:.0%} |\n".format(count, *np.mean(named, axis=0))


def timing() -> Iterator[str]:
    """Time teaching, imports apart."""
    parts = [clip.taught() for clip in clips_of("bottles") if clip.row["label"] == "good"]
    learn(parts[:20])
    took = []
    for n in (24, 500):
        begun = time.perf_counter()
        learn(parts[:n])
        took.append(f"{time.perf_counter() - begun:.2f} s for {n} parts")
    yield f"Learning takes {' and '.join(took)}: one thread, {platform.machine()}, imports apart.\n"


def main() -> None:
    """Measure everything and write the tables."""
    if not (DATA / "bottles/labels.csv").exists():
        raise SystemExit(f"no recordings at {DATA.resolve()}: this benchmark learns from real sound")
    sections: dict[str, Callable[[], Iterator[str]]] = {}
    with threadpool_limits(1):
        good, bad = bottles(KNOCK)
        sections = {
            "promise": lambda: promise(good, bad),
            "provisional": lambda: provisional(good, bad),
            "naming": lambda: naming(*bottles(KNOCK)),
            "timing": timing,
        }
        text = DOCUMENT.read_text("utf-8")
        for name, section in sections.items():
            begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
            before, rest = text.split(begin)
            text = f"{before}{begin}\n{''.join(section())}{end}{rest.split(end)[1]}"
        DOCUMENT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
