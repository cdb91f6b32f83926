"""How soon random cuts set a sound apart from the good ones."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class IsolationForest:
    """Isolation forest (Liu, Ting and Zhou 2008) on flat arrays: all trees walked together, one level at a time.

    All trees stand in the same arrays, the two children of a node side by side. A leaf leads to itself, so that every
    walk takes `levels` steps and no step asks whether it has ended. The score is 2^(-mean path / usual path), near 1
    where a sound is set apart at once, 0.5 where as late as a random point.

    Parameters
    ----------
    features : ndarray, shape (nodes,), int32
        Which number a node looks at; 0 at a leaf.
    thresholds : ndarray, shape (nodes,), float32
        Above it the walk goes right; the largest float32 at a leaf.
    left : ndarray, shape (nodes,), int32
        The left child, the right one being the next node; a leaf's is itself.
    paths : ndarray, shape (nodes,), float64
        At a leaf: cuts on the way to it, and those that would still set apart the goods that fell there (the paper's
        equation 1 for their number); not used elsewhere.
    roots : ndarray, shape (trees,), int32
        First node of each tree.
    levels
        Depth of the deepest tree, >= 0.
    usual_path
        Mean path over as many points as a tree was grown from, > 0.
    width
        Numbers of a sound.
    """

    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    left: NDArray[np.int32]
    paths: NDArray[np.float64]
    roots: NDArray[np.int32]
    levels: int
    usual_path: float
    width: int

    def __post_init__(self) -> None:
        nodes = len(self.features)
        if not (len(self.thresholds) == len(self.left) == len(self.paths) == nodes and len(self.roots)):
            raise ValueError("the arrays of the forest do not fit each other")
        inside = self.left != np.arange(nodes)
        after = (self.left[inside] > np.flatnonzero(inside)) & (self.left[inside] + 1 < nodes)
        known = (self.features >= 0) & (self.features < self.width)
        starts = (self.roots >= 0) & (self.roots < nodes)
        if not (after.all() and known.all() and starts.all() and self.levels >= 0):
            raise ValueError("a node of the forest leads outside of it")
        if not (self.usual_path > 0 and np.isfinite(self.paths).all() and not np.isnan(self.thresholds).any()):
            raise ValueError("a number of the forest is not finite")

    @cached_property
    def _indices(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Features, left children and roots as NumPy wants its indices: made at every step they cost more than it."""
        return self.features.astype(np.intp), self.left.astype(np.intp), self.roots.astype(np.intp)

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return between 0 and 1 for each row of finite `features` (n, width), shape (n,)."""
        return np.array([self._one(row) for row in np.asarray(features, np.float32)], np.float64)

    def _one(self, row: NDArray[np.float32]) -> float:
        looks_at, left, node = self._indices
        for _ in range(self.levels):
            node = left[node] + (row[looks_at[node]] > self.thresholds[node])
        return float(np.exp2(-self.paths[node].mean() / self.usual_path))
