"""Distance from the good parts, counted in their own spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Mahalanobis:
    """Mahalanobis distance with a shrunk covariance, on flat arrays.

    With Z = (x - mean) / scale and the covariance S = (1 - a) Z'Z / (n - 1) + a v I (Ledoit and Wolf 2004), the score
    is sqrt(Z' S^-1 Z / d). S is kept by its r directions of own variance and one variance for all the rest, which is
    the same S to rounding and small on disk when fewer goods than features were taught.

    Parameters
    ----------
    mean, scale : ndarray, shape (d,)
        Centre and spread of each feature; scale > 0.
    vectors : ndarray, shape (r, d)
        Orthonormal directions; r may be 0.
    variances : ndarray, shape (r,)
        Variance of the scaled features along each of them, > 0, shrinkage included.
    rest
        Variance in every other direction, > 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    vectors: NDArray[np.float64]
    variances: NDArray[np.float64]
    rest: float

    def __post_init__(self) -> None:
        d, r = len(self.mean), len(self.variances)
        if self.mean.shape != (d,) or self.scale.shape != (d,) or self.vectors.shape != (r, d):
            raise ValueError(f"shapes do not fit: {self.mean.shape}, {self.scale.shape}, {self.vectors.shape}, ({r},)")
        arrays = (self.mean, self.scale, self.vectors, self.variances)
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("a value is not finite")
        if not (self.rest > 0 and np.isfinite(self.rest) and (self.scale > 0).all() and (self.variances > 0).all()):
            raise ValueError("a scale or a variance is not above 0")

    def whiten(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Turn features (n, d) so that good parts spread by 1 in every direction, shape (n, d): S^-1/2 Z."""
        z = (features.astype(np.float64) - self.mean) / self.scale
        outside = 1 / np.sqrt(self.rest)
        along = z @ self.vectors.T
        white: NDArray[np.float64] = z * outside + (along * (1 / np.sqrt(self.variances) - outside)) @ self.vectors
        return white

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distance of each row of `features` (n, d), shape (n,); about 1 for a good part."""
        distance: NDArray[np.float64] = np.sqrt(np.mean(np.square(self.whiten(features)), axis=1))
        return distance
