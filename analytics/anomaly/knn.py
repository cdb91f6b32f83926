"""Distance to the nearest good part: a second opinion that assumes no shape of the cloud."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
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

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distance of each row of `features` (n, d) to its nearest good, shape (n,)."""
        z = (features.astype(np.float64) - self.mean) / self.scale
        # Row by row: the obvious (n, bank, d) array of differences would be hundreds of megabytes for a day of parts.
        nearest = [np.min(np.mean(np.square(self.bank - row), axis=1)) for row in z]
        return np.sqrt(np.array(nearest, dtype=np.float64))
