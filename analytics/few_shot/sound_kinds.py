"""Taught kinds of sound, heard out of a background: glass breaking beside a running machine.

Each kind is told from the background, and from every other kind, by a line of its own (Fisher's discriminant with a
shrunk covariance); it is heard where it is clear of all its rivals at once. So one more taught kind, or a folder of
sounds that must not alarm, can only take alarms away from a kind, never add one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW_S = 0.5  #: of sound, one vector
STRIDE_S = 0.25  #: from window to window
MOST_Z = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class SoundKinds:
    """What tells kinds of sound from the background and from each other.

    Parameters
    ----------
    names
        One per kind, at least one.
    weights : ndarray, shape (p, d)
        Of each pair of a kind and a rival; divided by the spread of both along it.
    limits : ndarray, shape (p,)
        Where the pair's line lies.
    kind_of : ndarray, shape (p,)
        Index of the kind each pair belongs to; every kind has one pair at least.
    slopes, offsets : ndarray, shape (k,)
        Of the probability that a sound which is as likely of this kind as of the background is of it.
    """

    names: tuple[str, ...]
    weights: NDArray[np.float64]
    limits: NDArray[np.float64]
    kind_of: NDArray[np.int64]
    slopes: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def __post_init__(self) -> None:
        k, p = len(self.names), len(self.weights)
        if k == 0 or len(set(self.names)) != k:
            raise ValueError(f"kinds need names of their own: {self.names}")
        if not self.limits.shape == self.kind_of.shape == (p,) or self.weights.ndim != 2:
            raise ValueError("the pairs' arrays do not fit each other")
        if set(self.kind_of.tolist()) != set(range(k)) or not self.slopes.shape == self.offsets.shape == (k,):
            raise ValueError(f"the pairs are not those of {k} kinds")

    @property
    def size(self) -> int:
        """Length of the vectors."""
        return int(self.weights.shape[1])

    def clear(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Tell how far windows (n, d) are clear of each kind's nearest rival, in spreads, (n, k); > 0 is heard."""
        over = vectors.astype(np.float64) @ self.weights.T - self.limits
        found = np.stack([over[:, self.kind_of == kind].min(axis=1) for kind in range(len(self.names))], axis=1)
        clipped: NDArray[np.float64] = np.clip(found, -MOST_Z, MOST_Z)
        return clipped

    def confidence(self, kind: int, clear: float) -> float:
        """Probability that it is this kind where it was as likely as the background, 0 to 1."""
        z = float(np.clip(self.slopes[kind] * clear + self.offsets[kind], -MOST_Z, MOST_Z))
        return float(1 / (1 + np.exp(-z)))
