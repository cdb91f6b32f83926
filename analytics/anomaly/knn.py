"""Distance to the nearest good part: a second opinion that assumes no shape of the cloud."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Nearest:
    """Root mean square distance to the nearest taught part, each feature in its own spread.

    Parameters
    ----------
    mean, scale : ndarray, shape (d,)
        As in `Mahalanobis`; scale > 0.
    bank : ndarray, shape (n, d)
        The goods, already centred and scaled; n >= 1.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    bank: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.bank.ndim != 2 or len(self.bank) == 0 or self.bank.shape[1:] != self.mean.shape:
            raise ValueError(f"a bank of shape {self.bank.shape} does not fit {len(self.mean)} features")
        if not (np.isfinite(self.bank).all() and np.isfinite(self.mean).all() and (self.scale > 0).all()):
            raise ValueError("a value is not finite, or a scale is not above 0")

    @cached_property
    def _rough(self) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
        """Give -2 times the bank at half the precision, its squared norms, and its largest norm."""
        bank = self.bank.astype(np.float32)
        squares: NDArray[np.float32] = np.einsum("ij,ij->i", bank, bank)
        return bank * np.float32(-2), squares, float(np.sqrt(squares.max()))

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distance of each row of `features` (n, d) to its nearest good, shape (n,)."""
        z = (features.astype(np.float64) - self.mean) / self.scale
        return np.array([self._one(row) for row in z], np.float64)

    def _one(self, z: NDArray[np.float64]) -> float:
        """Measure exactly those of the bank that a quick look in float32 cannot rule out: mostly one of thousands.

        |z - b|^2 = |z|^2 + |b|^2 - 2 z b, whose rounding error is at most d eps times the norms (Higham 2002, 3.1).
        """
        bank, squares, largest = self._rough
        rough = squares + bank @ z.astype(np.float32)
        error = len(z) * float(np.finfo(np.float32).eps) * largest * (largest + 2 * float(np.sqrt(z @ z)))
        near = self.bank[~(rough > rough.min() + 2 * error)]  # so written, a NaN rules nothing out
        return float(np.sqrt(np.min(np.mean(np.square(near - z), axis=1))))
