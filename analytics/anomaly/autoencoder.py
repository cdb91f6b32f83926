"""What is left of a sound when a narrow network has tried to draw it from memory."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Autoencoder:
    """Dense autoencoder with rectified layers, on flat arrays.

    The score is the root mean square of what it fails to draw, each feature in its own spread.

    Parameters
    ----------
    mean, scale : ndarray, shape (d,)
        As in `Mahalanobis`; scale > 0.
    weights : tuple of ndarray, shapes (d, a), (a, b), ..., (c, d), float32
        Of each layer.
    biases : tuple of ndarray, shapes (a,), (b,), ..., (d,), float32
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]

    def __post_init__(self) -> None:
        widths = [len(self.mean), *(len(bias) for bias in self.biases)]
        if len(widths) < 2 or widths[0] != widths[-1] or self.scale.shape != self.mean.shape:
            raise ValueError(f"layers of {widths} do not give back what they are given")
        if [weight.shape for weight in self.weights] != list(pairwise(widths)):
            raise ValueError(f"weights {[weight.shape for weight in self.weights]} do not fit layers of {widths}")
        arrays: tuple[NDArray[np.floating], ...] = (self.mean, self.scale, *self.weights, *self.biases)
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("a value is not finite")
        if not (self.scale > 0).all():
            raise ValueError("a scale is not above 0")

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return at least 0 for each row of `features` (n, d), shape (n,)."""
        z = ((features - self.mean) / self.scale).astype(np.float32)
        return np.array([self._one(row) for row in z], np.float64)  # row by row: no neighbour changes a score

    def _one(self, z: NDArray[np.float32]) -> float:
        drawn = z
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            drawn = np.maximum(drawn @ weight + bias, np.float32(0))
        missed = drawn @ self.weights[-1] + self.biases[-1] - z
        return float(np.sqrt(missed @ missed / np.float32(len(z))))
