"""Several detectors on the same numbers, joined without asking for a defect."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.detector import Detector
from analytics.decision.panel import Standing, fuse


@dataclass(frozen=True, slots=True, eq=False)
class Fusion:
    """The least vote of several detectors, each counted in the spread of goods it had not seen (`panel.fuse`).

    Parameters
    ----------
    detectors
        At least one.
    standings
        Where each stands, in the same order.
    """

    detectors: tuple[Detector, ...]
    standings: tuple[Standing, ...]

    def __post_init__(self) -> None:
        if not self.detectors or len(self.detectors) != len(self.standings):
            raise ValueError(f"{len(self.detectors)} detectors do not fit {len(self.standings)} standings")

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return above 0 for each row of `features` (n, d), shape (n,); about 1 for a good part."""
        return fuse(tuple(one.score(features) for one in self.detectors), self.standings)
