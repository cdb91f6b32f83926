"""Distance from the nearest of several clouds of good sound."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Mixture:
    """Gaussian mixture with diagonal covariances, on flat arrays.

    With p the density of the mixture and top its bound, the sum of its components' peaks, the score is
    sqrt(2 (top - ln p) / d) with top in logarithms: for one component the root mean square distance in its spread,
    about 1 for a good part, and for several the distance from the nearest of them, roughly.

    Parameters
    ----------
    mean, scale : ndarray, shape (d,)
        As in `Mahalanobis`; scale > 0.
    weights : ndarray, shape (k,)
        Shares of the components, > 0; k >= 1.
    centres, variances : ndarray, shape (k, d)
        Of the centred and scaled features; variances > 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    centres: NDArray[np.float64]
    variances: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.weights), len(self.mean))
        if 0 in shape or self.centres.shape != shape or self.variances.shape != shape:
            raise ValueError(f"centres {self.centres.shape} and variances {self.variances.shape} do not fit {shape}")
        arrays = (self.mean, self.scale, self.weights, self.centres, self.variances)
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("a value is not finite")
        if not ((self.scale > 0).all() and (self.weights > 0).all() and (self.variances > 0).all()):
            raise ValueError("a scale, a weight or a variance is not above 0")

    @cached_property
    def _peaks(self) -> NDArray[np.float64]:
        """Logarithm of each component's density at its centre, its share included."""
        spread = np.log(2 * np.pi * self.variances).sum(axis=1)
        return np.asarray(np.log(self.weights) - spread / 2)

    @cached_property
    def _narrowness(self) -> NDArray[np.float64]:
        return np.sqrt(1 / self.variances)

    @property
    def top(self) -> float:
        """Logarithm of a density that is reached nowhere."""
        return float(np.logaddexp.reduce(self._peaks))

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return at least 0 for each row of `features` (n, d), shape (n,)."""
        z = (features.astype(np.float64) - self.mean) / self.scale
        return np.array([self._one(row) for row in z], np.float64)  # row by row: no neighbour changes a score

    def _one(self, z: NDArray[np.float64]) -> float:
        away = (z - self.centres) * self._narrowness
        density = self._peaks - np.einsum("ij,ij->i", away, away) / 2
        highest = density.max()
        log_density = highest + np.log(np.exp(density - highest).sum())
        return float(np.sqrt(max(0.0, 2 * (self.top - log_density) / len(z))))
