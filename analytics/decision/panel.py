"""Several voters on one part: each counts in its own spread, and their votes become one number.

A voter's distance has no unit that another would share. What they share is how their ln distances lie for good parts
they have not seen, so each vote is z = (ln D - median) / sqrt(var + 0.03^2) of those (docs/parts.md, "Several voters").
No defect is asked for anywhere: which voter is right about the next defect is not known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis

_LEAST_SPREAD = 0.03  #: of ln distances; a few parts may lie together by chance, which must not make a voter shout
_LEAST_DISTANCE = 1e-12
_MOST = 50.0  #: of an exponent, so that the strangest sound still has a finite score

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the ln distances of good parts lie that a voter had not seen.

    Parameters
    ----------
    centre
        Their median.
    spread
        sqrt(var + 0.03^2), > 0.
    """

    centre: float
    spread: float

    def __post_init__(self) -> None:
        if not (np.isfinite([self.centre, self.spread]).all() and self.spread > 0):
            raise ValueError(f"no standing: {self.centre}, {self.spread}")

    def votes(self, distances: Numbers) -> Numbers:
        """Count distances (n,) in spreads above the median, shape (n,)."""
        return (np.log(np.maximum(distances, _LEAST_DISTANCE)) - self.centre) / self.spread


def standing_of(held_out: Numbers) -> Standing:
    """Find where a voter stands from distances (n,) of good parts left out of its fit."""
    logs = np.log(np.maximum(held_out, _LEAST_DISTANCE))
    return Standing(float(np.median(logs)), float(np.sqrt(np.var(logs) + _LEAST_SPREAD**2)))


def fuse(distances: tuple[Numbers, ...], standings: tuple[Standing, ...]) -> Numbers:
    """Make one distance of several, shape (n,): exp(s z), z the mean vote and s the median spread.

    The mean of two: the least vote does as well on average and worse at worst, the largest lets the worse voter
    decide (docs/parts.md). exp(s z) so that the fused distance grows as one voter's does: 1 for the median good part,
    and D / D_limit keeps its meaning.
    """
    votes = np.mean([one.votes(found) for one, found in zip(standings, distances, strict=True)], axis=0)
    scale = float(np.median([one.spread for one in standings]))
    fused: Numbers = np.exp(np.clip(scale * votes, -_MOST, _MOST))
    return fused


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """A second voter, which hears the part through an embedding.

    Parameters
    ----------
    embedding, sha256
        Name of the model that makes the vectors, and the hash of its file: vectors of another model mean nothing here.
    detector
        Distance from the goods' vectors.
    standing, beside
        Where it stands, and where the detector stands that it votes with.
    """

    embedding: str
    sha256: str
    detector: Mahalanobis
    standing: Standing
    beside: Standing

    def fuse(self, distances: Numbers, vectors: NDArray[np.float32]) -> Numbers:
        """Join the distances (n,) of the detector beside it with its own of vectors (n, e), shape (n,)."""
        return fuse((distances, self.detector.score(vectors)), (self.beside, self.standing))


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """A detector, and the second voter where there is one; together they are a detector too.

    Parameters
    ----------
    detector
        Hears the first numbers of a row.
    second
        Hears those after them.
    """

    detector: Mahalanobis
    second: Second | None = None

    def score(self, features: NDArray[np.float32]) -> Numbers:
        """Distance of each row (n, d + e) from the good parts, shape (n,)."""
        d = len(self.detector.mean)
        own = self.detector.score(features[:, :d])
        return self.second.fuse(own, features[:, d:]) if self.second else own
