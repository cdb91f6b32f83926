"""Does a limit keep its promise? A thousand lines, each taught on parts of its own, its true false-reject rate known.

Run: ``python -m benchmarks.guarantee [--lines 1000]``. Writes its section of docs/accuracy.md; the second half needs the
recorded bottles. Ours is `models.teach.learn_rows`, the path that ships; beside it, on the same parts and with the same
detector, the rules that others set limits by.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, fdtr, nctdtrit, ndtri
from scipy.stats import betabinom
from threadpoolctl import threadpool_limits

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.judge import features_of
from analytics.decision.limits import order_statistic_limit
from analytics.decision.model import FrontEnd
from analytics.features.log_mel import BANDS, Level, Profile
from benchmarks.accuracy import BANDS as EDGES
from benchmarks.accuracy import DATA, clips_of, write_figures
from models.hearing import Hearing
from models.held_out import folds_over, held_out_scores
from models.taught import Heard, TaughtRows, TeachSettings
from models.teach import fit_mahalanobis, learn_rows

PROMISES = ((50, 0.10), (100, 0.05), (300, 0.01))
RAYS = 500
D = 2 * BANDS
KNOCK = FrontEnd(Profile.KNOCK, Level.ABSOLUTE, 48_000, 2048 / 48_000)

Numbers = NDArray[np.float64]
Rule = Callable[[Numbers, float], tuple[Mahalanobis, float]]
Share = Callable[[Mahalanobis, float], float]


def shipped(rows: Numbers, rate: float) -> tuple[Mahalanobis, float]:
    """Learn as the product does; its detector, and its limit."""
    heard = tuple(Heard(f"{index}.wav", "", "", "") for index in range(len(rows)))
    taught = TaughtRows(rows.astype(np.float32), None, heard)
    model = learn_rows(taught, Hearing(KNOCK), TeachSettings(reject_rate=rate)).model
    return model.detector, model.limit.value


def half_and_half(rows: Numbers, rate: float, sure: bool) -> tuple[Mahalanobis, float]:
    """Fit on one half, set the limit on the other: split conformal, on average or with 95 % confidence."""
    half = len(rows) // 2
    detector = fit_mahalanobis(rows[:half])
    scores = detector.score(rows[half:])
    if sure:
        return detector, order_statistic_limit(scores, rate).value
    return detector, kth_largest(scores, max(1, int(rate * (len(scores) + 1))))


def cross_conformal(rows: Numbers, rate: float) -> tuple[Mahalanobis, float]:
    """Score in ten folds and take the rank that holds on average (Vovk 2015)."""
    scores = held_out_scores(rows, folds_over([""] * len(rows)), fit_mahalanobis)
    return fit_mahalanobis(rows), kth_largest(scores, max(1, int(rate * (len(rows) + 1))))


def normal_tolerance(rows: Numbers, rate: float) -> tuple[Mahalanobis, float]:
    """Take ln scores left out for normal and set a one-sided tolerance limit, 95 % sure (Owen 1968)."""
    logs = np.log(held_out_scores(rows, folds_over([""] * len(rows)), fit_mahalanobis))
    factor = float(nctdtrit(len(logs) - 1, float(ndtri(1 - rate)) * len(logs) ** 0.5, 0.95)) / len(logs) ** 0.5
    return fit_mahalanobis(rows), float(np.exp(logs.mean() + factor * logs.std(ddof=1)))


def own_quantile(rows: Numbers, rate: float) -> tuple[Mahalanobis, float]:
    """Take the quantile of the scores of the very parts it was fitted to: scikit-learn's ``contamination=``."""
    detector = fit_mahalanobis(rows)
    return detector, float(np.quantile(detector.score(rows), 1 - rate))


RULES: dict[str, Rule] = {
    "**wheeltapper**, as shipped": shipped,
    "half and half, 95 % sure": partial(half_and_half, sure=True),
    "half and half, on average (split conformal)": partial(half_and_half, sure=False),
    "cross-conformal, on average": cross_conformal,
    "normal tolerance limit on ln score, 95 % sure": normal_tolerance,
    "quantile of its own parts (`contamination=`)": own_quantile,
}


def kth_largest(scores: Numbers, k: int) -> float:
    return float(np.sort(scores)[::-1][k - 1])


@dataclass(frozen=True)
class Line:
    """Where the parts of one simulated line come from: radius times direction around a few centres, its tail known.

    A part is centre + r M u with u uniform on the sphere; r^2 / d follows F(d, dof), which makes a multivariate t, or,
    where `dof` is 0, r^2 follows chi^2(d), which makes a normal one.
    """

    centres: Numbers
    weights: Numbers
    mix: Numbers
    dof: float

    def parts(self, random: np.random.Generator, n: int) -> Numbers:
        """Draw n parts, shape (n, d)."""
        heavy = self.dof / random.chisquare(self.dof, n) if self.dof else np.ones(n)
        where = self.centres[random.choice(len(self.weights), n, p=self.weights)]
        return np.asarray(where + np.sqrt(heavy)[:, None] * (random.normal(size=(n, D)) @ self.mix.T))

    def inside(self, radius: Numbers) -> Numbers:
        """Share of parts within this radius of their centre."""
        squared = np.square(radius)
        return np.asarray(fdtr(D, self.dof, squared / D) if self.dof else chdtr(D, squared))

    def share_above(self, random: np.random.Generator, detector: Mahalanobis, limit: float) -> float:
        """Give the true share of good parts above a limit.

        Along a ray the squared score is a parabola of the radius, so where it passes the limit is known and so is the
        share of parts beyond: only directions are drawn, both ways along each.
        """
        ways = random.normal(size=(RAYS, D))
        ways = (ways / np.linalg.norm(ways, axis=1, keepdims=True)) @ self.mix.T
        reach = float(np.sqrt(D))
        share = 0.0
        for centre, weight in zip(self.centres, self.weights, strict=True):
            at = float(detector.score(centre[None, :])[0]) ** 2
            ahead, behind = (np.square(detector.score(centre + sign * reach * ways)) for sign in (1, -1))
            bend, slope = (ahead + behind - 2 * at) / 2 / reach**2, (ahead - behind) / 2 / reach
            free = np.square(slope) - 4 * bend * (at - limit**2)
            root = np.sqrt(np.maximum(free, 0.0))
            for sign in (1, -1):
                near, far = ((sign * -slope + edge * root) / 2 / bend for edge in (-1, 1))
                kept = self.inside(np.maximum(far, 0.0)) - self.inside(np.maximum(near, 0.0))
                share += weight * float(np.mean(1.0 - np.where(free > 0, kept, 0.0))) / 2
        return share


def line_of(random: np.random.Generator) -> Line:
    """Draw a line: how its numbers hang together, how heavy its tail is, and whether it runs in two states."""
    reach, spread = random.uniform(2, 20), np.exp(random.normal(0, 0.5, D))
    apart = np.abs(np.subtract.outer(np.arange(BANDS), np.arange(BANDS))) / reach
    root = np.linalg.cholesky(np.exp(-apart) + 0.01 * np.eye(BANDS))
    mix = spread[:, None] * np.kron(np.eye(2), root)
    kind = random.integers(3)
    if kind < 2:
        return Line(np.zeros((1, D)), np.ones(1), mix, dof=(0.0, 5.0)[kind])
    other = mix @ random.normal(size=D) * random.uniform(0.2, 1.0)
    rare = random.uniform(0.1, 0.5)
    return Line(np.array([np.zeros(D), other]), np.array([1 - rare, rare]), mix, dof=8.0)


def table(n: int, rate: float, found: dict[str, list[list[float]]], caught: bool) -> Iterator[str]:
    """Lay out what every rule did on the lines of one promise."""
    for rule, rows in found.items():
        shares = np.array([row[0] for row in rows])
        cells = [f"{np.mean(shares):.2%}", f"{np.mean(shares > rate + 1e-12):.1%}"]
        cells += [f"{np.mean([row[1] for row in rows]):.0%}"] if caught else []
        yield f"| {n} | {rate:.0%} | {rule} | {' | '.join(cells)} |\n"


def simulated(lines: int) -> Iterator[str]:
    """Simulate lines whose tail is known."""
    yield (
        f"{lines} simulated lines for each row, a third each normal, heavy-tailed (multivariate t, 5 degrees of "
        "freedom) and in two states (8 degrees). The true rate of each limit is computed, not counted.\n\n"
        "| good parts | promise | limit by | good rejected, mean | lines above their promise |\n|--:|--:|---|--:|--:|\n"
    )
    for n, rate in PROMISES:
        found: dict[str, list[list[float]]] = {rule: [] for rule in RULES}
        for seed in range(lines):
            random = np.random.default_rng([seed, n])
            line = line_of(random)
            rows = line.parts(random, n)
            for name, rule in RULES.items():
                found[name].append([line.share_above(np.random.default_rng(seed), *rule(rows, rate))])
        yield from table(n, rate, found, caught=False)


def allowance(n: int, rate: float, fresh: int) -> float:
    """Share of ideal lines that a count over so many fresh parts puts above the promise, where 5 % truly are at most.

    An ideal limit rejects Beta(k, n - k + 1) of all parts; of `fresh` ones a beta-binomial number.
    """
    limit = order_statistic_limit(np.arange(1.0, n + 1), rate)
    return float(betabinom.sf(int(rate * fresh + 1e-9), fresh, limit.k, n - limit.k + 1))


def bottles(lines: int) -> Iterator[str]:
    """Draw lines from the recorded good bottles; the others of the 750 are the fresh parts."""
    clips = clips_of("bottles")
    yield (
        f"\n{lines} lines drawn from the 750 good bottles for each row; good rejected is counted on those not drawn, "
        "caught on the 374 cracked ones. The count alone puts ideal limits above their promise as often as the column "
        "says.\n\n| band | good parts | promise | limit by | good rejected, mean | lines above their promise "
        "| cracked caught | ideal limits above, as counted |\n|---|--:|--:|---|--:|--:|--:|--:|\n"
    )
    for low_hz, band in EDGES:
        front_end = FrontEnd(KNOCK.profile, KNOCK.level, KNOCK.rate, KNOCK.length_s, low_hz)
        rows = {
            label: np.array([features_of(clip.capture, front_end) for clip in clips if clip.row["label"] == label])
            for label in ("good", "cracked")
        }
        for n, rate in PROMISES:
            found: dict[str, list[list[float]]] = {rule: [] for rule in RULES}
            for seed in range(lines):
                order = np.random.default_rng([seed, n]).permutation(len(rows["good"]))
                taught, fresh = rows["good"][order[:n]], rows["good"][order[n:]]
                for name, rule in RULES.items():
                    detector, limit = rule(taught, rate)
                    found[name].append([float(np.mean(detector.score(x) > limit)) for x in (fresh, rows["cracked"])])
            ideal = allowance(n, rate, len(rows["good"]) - n)
            for line in table(n, rate, found, caught=True):
                yield f"| {band} {line.rstrip()} {ideal:.1%} |\n"


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1000)
    lines = parser.parse_args().lines
    with threadpool_limits(1):
        text = "".join(simulated(lines))
        if (DATA / "bottles/labels.csv").exists():
            text += "".join(bottles(lines))
        else:
            print("skipped: the recorded bottles are not here")
    write_figures("guarantee", text)


if __name__ == "__main__":
    main()
