"""Names for kinds of sound (glass breaking, a horn, a door), from a few examples of each, on an embedding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.certainty import Certainty
from analytics.few_shot.prototypes import UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class KindNamer:
    """Taught kinds as directions, seen from the mean of all sounds taught.

    Parts and machines are told apart by distance (`Prototypes`); events by direction: how loud or how pure an event is
    stretches its vector, and must not change its name (docs/few-shot.md).

    Parameters
    ----------
    names
        One per kind.
    whitening
        Its `mean` is the mean of all sounds taught, its `scale` the spread of each column over them; its directions
        are those in which examples of one kind differ among themselves.
    prototypes : ndarray, shape (c, d)
        Unit vectors.
    counts : ndarray, shape (c,)
        Examples of each, >= 1.
    limits : ndarray, shape (c,)
        Similarity from which on a sound is of this kind, -1 to 1.
    certainty
        None where too few examples could be left out to know how sure a name is.
    """

    names: tuple[str, ...]
    whitening: Mahalanobis
    prototypes: NDArray[np.float64]
    counts: NDArray[np.int64]
    limits: NDArray[np.float64]
    certainty: Certainty | None = None

    def __post_init__(self) -> None:
        c = len(self.names)
        if c == 0 or len(set(self.names)) != c or UNKNOWN in self.names:
            raise ValueError(f"names of kinds must be distinct and none may be {UNKNOWN!r}: {self.names}")
        if self.prototypes.shape != (c, self.size) or not self.counts.shape == self.limits.shape == (c,):
            raise ValueError(f"arrays do not fit {c} kinds of {self.size} numbers")
        if not (np.abs(np.linalg.norm(self.prototypes, axis=1) - 1) < 1e-6).all():
            raise ValueError("a prototype is not of length 1")
        if not ((self.counts >= 1).all() and (np.abs(self.limits) <= 1).all()):
            raise ValueError("a count is below 1 or a limit outside -1 to 1")

    @property
    def size(self) -> int:
        """Length of the vectors it names."""
        return len(self.whitening.mean)

    def similarities(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Cosine of each vector (n, d) with each kind, shape (n, c), -1 to 1; 0 for a vector at the mean itself."""
        white = self.whitening.whiten(vectors)
        length = np.linalg.norm(white, axis=1, keepdims=True)
        cosine: NDArray[np.float64] = white / np.where(length > 0, length, 1.0) @ self.prototypes.T
        return np.clip(cosine, -1.0, 1.0)

    def evidence(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Similarity over the limit of each kind, and 0 for none of them, shape (n, c + 1)."""
        over = self.similarities(vectors) - self.limits
        return np.concatenate([over, np.zeros((len(over), 1))], axis=1)

    def name(self, vector: NDArray[np.float32]) -> tuple[str, float | None]:
        """Name one sound (d,), and say how sure that is.

        Returns
        -------
        str
            The kind farthest over its limit; "unknown" where none reaches it.
        float or None
            Probability that this name is right, where taught and other sounds are as likely; None where it is not
            calibrated.
        """
        evidence = self.evidence(vector[None, :])[0]
        chosen = int(np.argmax(evidence))  # the first of equals: on its limit a sound is of the kind
        sure = self.certainty.of(evidence, chosen) if self.certainty else None
        return (*self.names, UNKNOWN)[chosen], sure
