"""What an indicator owes to load, speed and temperature: learned at commissioning, then subtracted.

An indicator that follows the load is not wear. The relation is learned once, on the healthy machine, and never again:
one that goes on learning explains the wear away as soon as wear and season rise together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEYOND = 0.5  #: of the learned range, to each side, may a state lie outside it; further off nobody knows the relation
ALIKE = 0.1  #: of the middle, where that is more: a state so near is the same one, even if commissioning never moved
_ROUNDS = 20  # reweighting settles within ten; the bound is for pathological data
_TUNING = 1.345  # Huber 1964: 95 % efficient on normal noise
_RIDGE = 1e-3  # of the variance of a standardised covariate; keeps two that move together from cancelling


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """The level to be expected of the healthy machine in a given state.

    Parameters
    ----------
    level_db : ndarray, shape (k,)
        In the middle state.
    middle, low, high : ndarray, shape (c,)
        Median, least and greatest of each covariate at commissioning.
    slope_db : ndarray, shape (c, k)
        dB per unit of each covariate.
    """

    level_db: NDArray[np.float64]
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    slope_db: NDArray[np.float64]

    def of(self, covariates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Level to be expected, dB, shape (..., k), at covariates of shape (..., c)."""
        return np.asarray(self.level_db + (covariates - self.middle) @ self.slope_db)

    def strange(self, covariates: NDArray[np.float64]) -> int | None:
        """Index of the first covariate too far outside what was seen at commissioning, shape (c,); None = known."""
        margin = np.maximum(BEYOND * (self.high - self.low), ALIKE * np.abs(self.middle))
        outside = ~((covariates >= self.low - margin) & (covariates <= self.high + margin))
        return int(np.argmax(outside)) if outside.any() else None


def learn_expected(levels_db: NDArray[np.float64], covariates: NDArray[np.float64]) -> Expected:
    """Fit level = constant + slopes (Huber's M-estimate by reweighted least squares).

    Parameters
    ----------
    levels_db : ndarray, shape (n, k)
        At commissioning; NaN does not count.
    covariates : ndarray, shape (n, c), finite
        A covariate that did not move gets no slope: nothing is known of it.

    References
    ----------
    Huber 1964, Ann. Math. Statist. 35, 73-101; Holland and Welsch 1977, Comm. Statist. A6, 813-827.
    """
    middle = np.median(covariates, axis=0)
    spread = covariates.std(axis=0)
    scale = np.where(spread > 1e-9 * (1 + np.abs(middle)), spread, np.inf)
    state = (covariates - middle) / scale
    fits = [_robust_line(column, state) for column in levels_db.T]
    slope = np.array([fit[1:] for fit in fits]).reshape(len(fits), -1).T / scale[:, None]
    level = np.array([fit[0] for fit in fits])
    return Expected(level, middle, covariates.min(axis=0), covariates.max(axis=0), slope)


def _robust_line(y: NDArray[np.float64], state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Constant and slopes of one indicator, shape (1 + c,)."""
    known = np.isfinite(y)
    y, state = y[known], state[known]
    fit = np.zeros(1 + state.shape[1])
    fit[0] = np.median(y)
    if state.shape[1] == 0:
        return fit
    design = np.column_stack([np.ones(len(y)), state])
    ridge = _RIDGE * len(y) * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    for _ in range(_ROUNDS):
        rest = y - design @ fit
        width = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
        weight = np.minimum(1.0, _TUNING * width / np.maximum(np.abs(rest), 1e-12)) if width > 0 else np.ones(len(y))
        fit = np.linalg.solve(design.T @ (weight[:, None] * design) + ridge, design.T @ (weight * y))
    fit[0] += np.median(y - design @ fit)  # without covariates this is the plain median: one rule for both
    return fit
