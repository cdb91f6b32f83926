"""How far a sound lies from the outermost good ones, seen through a soft kernel."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class OneClassSvm:
    """One-class support vector machine with a Gaussian kernel (Schoelkopf et al. 2001), on flat arrays.

    The machine sums up weight w_i exp(-gamma |z - v_i|^2) over its support vectors. The score is -ln of that sum over
    its largest possible value sum w_i: the same order, but far away, where the kernel is 0 to any precision, one
    stranger can still be told from another. There it grows as gamma times the squared distance to the nearest vector.

    Parameters
    ----------
    mean, scale : ndarray, shape (d,)
        As in `Mahalanobis`; scale > 0.
    vectors : ndarray, shape (m, d), float32
        The support vectors, centred and scaled; m >= 1.
    weights : ndarray, shape (m,)
        Their weights, > 0.
    gamma
        Of the kernel, > 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    vectors: NDArray[np.float32]
    weights: NDArray[np.float64]
    gamma: float

    def __post_init__(self) -> None:
        d, m = len(self.mean), len(self.weights)
        if m == 0 or self.vectors.shape != (m, d) or self.scale.shape != (d,):
            raise ValueError(f"{self.vectors.shape} support vectors do not fit {d} features and {m} weights")
        arrays: tuple[NDArray[np.floating], ...] = (self.mean, self.scale, self.vectors, self.weights)
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("a value is not finite")
        if not (self.gamma > 0 and (self.scale > 0).all() and (self.weights > 0).all()):
            raise ValueError("a scale, a weight or the kernel's gamma is not above 0")

    @cached_property
    def _squares(self) -> NDArray[np.float32]:
        squares: NDArray[np.float32] = np.einsum("ij,ij->i", self.vectors, self.vectors)
        return squares

    @cached_property
    def _shares(self) -> NDArray[np.float32]:
        shares: NDArray[np.float64] = self.weights / self.weights.sum()
        return shares.astype(np.float32)

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return at least 0 for each row of `features` (n, d), shape (n,); 0 where all vectors lie on it."""
        z = ((features - self.mean) / self.scale).astype(np.float32)
        return np.array([self._one(row) for row in z], np.float64)  # row by row: no neighbour changes a score

    def _one(self, z: NDArray[np.float32]) -> float:
        squares = self._squares - 2 * (self.vectors @ z)
        nearest = squares.min()
        kernel = np.exp(np.float32(self.gamma) * (nearest - squares))
        return max(0.0, self.gamma * float(nearest + z @ z) - float(np.log(self._shares @ kernel)))
