"""How sure a name is: a probability, calibrated on examples that were left out of what was learned.

A namer gives evidence for each class, and for none of them. Softmax turns evidence into probabilities once one number,
the sharpness, says how much a unit of evidence is worth (temperature scaling: Guo et al. 2017, ICML, PMLR 70:1321).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

FEWEST = 5  #: left-out examples; of fewer one cannot say how often the name is right
_SHARPEST, _STEPS = 1e3, 121  #: the search runs over this range of powers of ten, to 12 %


@dataclass(frozen=True, slots=True)
class Certainty:
    """Turns evidence into a probability.

    Parameters
    ----------
    sharpness
        Log-odds per unit of evidence, > 0.
    examples
        Left-out examples it was found on, >= `FEWEST`.
    """

    sharpness: float
    examples: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sharpness) and self.sharpness > 0 and self.examples >= FEWEST):
            raise ValueError(f"no certainty: sharpness {self.sharpness}, {self.examples} examples left out")

    @property
    def most(self) -> float:
        """Highest probability ever said: n examples without a fault prove no more (Laplace's rule of succession)."""
        return (self.examples + 1) / (self.examples + 2)

    def of(self, evidence: NDArray[np.float64], chosen: int) -> float:
        """Probability of one choice, given the evidence (c,) for each; finite, 0 to `most`."""
        return min(self.most, float(softmax(self.sharpness * evidence)[chosen]))


def calibrate_certainty(
    evidence: NDArray[np.float64], right: NDArray[np.intp], strangers: NDArray[np.float64] | None = None
) -> Certainty | None:
    """Find the sharpness under which left-out examples are likeliest.

    Parameters
    ----------
    evidence : ndarray, shape (n, c + 1)
        For each left-out example, by what was learned without it; the last column is for "none of them".
    right : ndarray, shape (n,)
        Column of the true class.
    strangers : ndarray, shape (m, c' + 1), optional
        The same for examples of kinds that were left out whole: their truth is the last column. All of them together
        weigh as much as all the members, so that the answer fits a world where either is as likely.

    Returns
    -------
    Certainty or None
        None with fewer than `FEWEST` examples.
    """
    n = len(evidence)
    if n < FEWEST:
        return None
    # Platt (1999): targets of (n + 1) / (n + 2) instead of 1, or a few examples without a fault would be quite sure
    spare = 1 / (n + 2)
    grid = np.logspace(-np.log10(_SHARPEST), np.log10(_SHARPEST), _STEPS)
    cost = np.array([_cost(evidence, right, sharpness, spare) for sharpness in grid])
    if strangers is not None and len(strangers):
        none = np.full(len(strangers), strangers.shape[1] - 1)
        cost = cost + [_cost(strangers, none, sharpness, spare) for sharpness in grid]
    return Certainty(float(grid[np.argmin(cost)]), n)


def _cost(evidence: NDArray[np.float64], right: NDArray[np.intp], sharpness: float, spare: float) -> float:
    """Mean cross-entropy in nats; `spare` of each target belongs to the likeliest wrong column."""
    logs = log_softmax(sharpness * evidence, axis=1)
    each = np.arange(len(logs))
    of_right = logs[each, right]
    logs[each, right] = -np.inf
    return float(-np.mean((1 - spare) * of_right + spare * logs.max(axis=1)))
