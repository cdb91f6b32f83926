"""Names for defects, from a few examples of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis

UNKNOWN = "unknown"  #: a defect nobody taught


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """Centres of the taught defects in a whitened space.

    The space is whitened by the goods' residuals AND those of the examples around their own centre: whitening by the
    total spread of all sounds would erase the very differences between classes (docs/parts.md).

    Parameters
    ----------
    names
        One per class.
    whitening
        Its `mean` is any fixed origin; only differences count.
    centres : ndarray, shape (c, d)
        Mean of each class after whitening.
    counts : ndarray, shape (c,)
        Examples each centre was made of, >= 1.
    limits : ndarray, shape (c,)
        Distance beyond which a sound is none of this class, > 0.
    """

    names: tuple[str, ...]
    whitening: Mahalanobis
    centres: NDArray[np.float64]
    counts: NDArray[np.int64]
    limits: NDArray[np.float64]

    def __post_init__(self) -> None:
        c = len(self.names)
        if c == 0 or len(set(self.names)) != c or UNKNOWN in self.names:
            raise ValueError(f"defect names must be distinct and none may be {UNKNOWN!r}: {self.names}")
        if self.centres.shape != (c, len(self.whitening.mean)) or not self.counts.shape == self.limits.shape == (c,):
            raise ValueError(f"arrays do not fit {c} classes")
        if not (np.isfinite(self.centres).all() and (self.counts >= 1).all() and (self.limits > 0).all()):
            raise ValueError("a centre is not finite, a count below 1 or a limit not above 0")

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Distance of each row (n, d) to each class, shape (n, c), about 1 for a member.

        d^2 n / (n + 1) / dimensions: the centre of n examples is itself uncertain by 1 / n of their spread, so a class
        of few examples must not look far away for that alone.
        """
        white = self.whitening.whiten(features)
        squared = np.mean(np.square(white[:, None, :] - self.centres), axis=2)
        distance: NDArray[np.float64] = np.sqrt(squared * (self.counts / (self.counts + 1.0)))
        return distance

    def name(self, features: NDArray[np.float32]) -> str:
        """Name the defect of one part (d,): the nearest class within its limit, else "unknown"."""
        relative = self.distances(features[None, :])[0] / self.limits
        nearest = int(np.argmin(relative))
        return self.names[nearest] if relative[nearest] <= 1.0 else UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class TaughtScore:
    """A logistic that knows the taught defects, on the vector whitened by the goods.

    Parameters
    ----------
    weights : ndarray, shape (d,)
    bias
        Its logit is ``weights . whitened + bias``.
    limit
        Logit at the limit, found on held-out goods.
    spread
        Logits per unit of ln score: puts the logit on the scale of the good-only score, > 0.
    """

    weights: NDArray[np.float64]
    bias: float
    limit: float
    spread: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and np.isfinite([self.bias, self.limit]).all() and self.spread > 0):
            raise ValueError("a value is not finite, or the spread is not above 0")

    def score(self, whitened: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return exp((logit - limit) / spread) of each row (n, d), shape (n,); 1 is the limit."""
        logit = whitened @ self.weights + self.bias
        return np.exp(np.clip((logit - self.limit) / self.spread, -50.0, 50.0))
