"""The port every detector of strangeness fits."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Detector(Protocol):
    """Learned from good sound; says how strange another sound is. Scoring only: learning lives in `models`."""

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return one number a row, shape (n,), at least 0, higher = stranger, of features of shape (n, d)."""
        ...
