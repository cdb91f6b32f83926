"""Learns each detector with the library that knows it best, and takes its arrays out.

Every function fits rows (n, d) of good parts and gives both: our detector, which scores on flat arrays and never loads
the library, and the library's own score for the same rows, to be set beside it. scikit-learn is imported where it is
used. Which is worth what on real sound: docs/detectors.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.detector import Detector
from analytics.anomaly.fusion import Fusion
from analytics.anomaly.gmm import Mixture
from analytics.anomaly.isolation_forest import IsolationForest
from analytics.anomaly.knn import Nearest
from analytics.anomaly.one_class_svm import OneClassSvm
from analytics.decision.panel import standing_of
from models.autoencoder import flat, train
from models.held_out import Rows, folds_over, held_out_scores
from models.teach import fit_mahalanobis

TREES = 100  #: the library's own default
NU = 0.1  #: share of goods that may lie outside the machine's border
BANK = 2000  #: goods remembered by the nearest neighbour; more are thinned out evenly
PER_CLOUD = 50  #: goods a component of the mixture rests on, at least
CLOUDS_MOST = 4
_FLOOR = 1e-2  #: added to each variance of the mixture: a cloud of near copies must not shout
_SEED = 0

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A detector, and the library it was learned with.

    `model` is the library's own object and `score` its score of rows (n, d), higher = stranger, shape (n,); both None
    where no library has this detector.
    """

    detector: Detector
    model: Any = None
    score: Callable[[Rows], Numbers] | None = None


@dataclass(frozen=True, slots=True)
class _Scaled:
    """Centres and scales rows in the goods' own spread, as `Mahalanobis` does."""

    mean: Numbers
    scale: Numbers

    def __call__(self, rows: Rows) -> Rows:
        return ((rows - self.mean) / self.scale).astype(np.float32)


def _scaled(rows: Rows) -> _Scaled:
    spread = fit_mahalanobis(rows)  # refuses goods that do not differ, too
    return _Scaled(spread.mean, spread.scale)


def mahalanobis(rows: Rows) -> Fitted:
    """Shrunk covariance of Ledoit and Wolf."""
    from sklearn.covariance import LedoitWolf

    ours = fit_mahalanobis(rows)
    scaled = _Scaled(ours.mean, ours.scale)
    theirs = LedoitWolf().fit(scaled(rows))
    return Fitted(ours, theirs, lambda new: np.sqrt(theirs.mahalanobis(scaled(new)) / new.shape[1]))


def nearest(rows: Rows) -> Fitted:
    """Find the nearest of at most `BANK` goods."""
    from sklearn.neighbors import NearestNeighbors

    scaled = _scaled(rows)
    kept = rows[np.linspace(0, len(rows) - 1, min(BANK, len(rows))).round().astype(int)]
    bank = ((kept - scaled.mean) / scaled.scale).astype(np.float64)
    theirs = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(bank.astype(np.float32))
    return Fitted(
        Nearest(scaled.mean, scaled.scale, bank),
        theirs,
        lambda new: theirs.kneighbors(scaled(new))[0][:, 0] / np.sqrt(new.shape[1]),
    )


def one_class_svm(rows: Rows) -> Fitted:
    """Fit a one-class machine with a Gaussian kernel, gamma = 1 / (d var) as the library sets it."""
    from sklearn.svm import OneClassSVM

    scaled = _scaled(rows)
    theirs = OneClassSVM(nu=NU, gamma="scale").fit(scaled(rows))
    ours = OneClassSvm(
        scaled.mean,
        scaled.scale,
        np.asarray(theirs.support_vectors_, np.float32),
        np.asarray(theirs.dual_coef_[0], np.float64),
        float(theirs._gamma),  # what "scale" came to
    )
    return Fitted(ours, theirs, lambda new: -theirs.score_samples(scaled(new)))


def isolation_forest(rows: Rows) -> Fitted:
    """Grow a forest; cuts lie anywhere between a feature's ends, so that no scaling changes it."""
    from sklearn.ensemble import IsolationForest as Library

    theirs = Library(n_estimators=TREES, random_state=_SEED).fit(rows)
    return Fitted(flat_forest(theirs), theirs, lambda new: -theirs.score_samples(new))


def gmm(rows: Rows) -> Fitted:
    """Fit one diagonal cloud for each `PER_CLOUD` goods, at most `CLOUDS_MOST`."""
    from sklearn.mixture import GaussianMixture

    scaled = _scaled(rows)
    count = int(np.clip(len(rows) // PER_CLOUD, 1, CLOUDS_MOST))
    theirs = GaussianMixture(count, covariance_type="diag", reg_covar=_FLOOR, max_iter=500, random_state=_SEED)
    theirs.fit(scaled(rows).astype(np.float64))
    arrays = (np.asarray(one, np.float64) for one in (theirs.weights_, theirs.means_, theirs.covariances_))
    ours = Mixture(scaled.mean, scaled.scale, *arrays)
    return Fitted(ours, theirs, lambda new: -theirs.score_samples(scaled(new).astype(np.float64)))


def autoencoder(rows: Rows) -> Fitted:
    """Train a small dense network."""
    scaled = _scaled(rows)
    theirs = train(scaled(rows))

    def missed(new: Rows) -> Numbers:
        z = scaled(new)
        left: Numbers = np.sqrt(np.mean(np.square(theirs.predict(z) - z, dtype=np.float64), axis=1))
        return left

    return Fitted(flat(theirs, scaled.mean, scaled.scale), theirs, missed)


def fusion(rows: Rows, groups: Sequence[str] = ()) -> Fitted:
    """Join Mahalanobis and nearest neighbour, each standing where groups of parts left out of its fit do."""
    fits: tuple[Callable[[Rows], Detector], ...] = (fit_mahalanobis, lambda some: nearest(some).detector)
    folds = folds_over(groups or [""] * len(rows))
    standings = tuple(standing_of(held_out_scores(rows, folds, fit)) for fit in fits)
    return Fitted(Fusion(tuple(fit(rows) for fit in fits), standings))


def flat_forest(library: Any) -> IsolationForest:  # noqa: ANN401  # the library's own, which has no types
    """Take the arrays out of a fitted forest of scikit-learn."""
    trees = [_flat_tree(one.tree_) for one in library.estimators_]
    counts = np.array([len(tree.left) for tree in trees])
    roots = np.cumsum(counts) - counts
    return IsolationForest(
        np.concatenate([tree.features for tree in trees]),
        np.concatenate([tree.thresholds for tree in trees]),
        np.concatenate([tree.left + root for tree, root in zip(trees, roots, strict=True)]).astype(np.int32),
        np.concatenate([tree.paths for tree in trees]),
        roots.astype(np.int32),
        max(tree.levels for tree in trees),
        float(_usual_path(np.array([library.max_samples_]))[0]),
        int(library.n_features_in_),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    left: NDArray[np.int32]
    paths: Numbers
    levels: int


def _flat_tree(tree: Any) -> _Tree:  # noqa: ANN401
    """Give the nodes new numbers, so that the right child follows the left one."""
    left, right, count = tree.children_left, tree.children_right, tree.node_count
    inside = np.flatnonzero(left >= 0)
    place = np.zeros(count, np.intp)
    place[left[inside]] = 1 + 2 * np.arange(len(inside))
    place[right[inside]] = 2 + 2 * np.arange(len(inside))
    features, lefts = np.zeros(count, np.int32), np.arange(count, dtype=np.int32)
    thresholds = np.full(count, np.finfo(np.float32).max, np.float32)
    features[place[inside]] = tree.feature[inside]
    thresholds[place[inside]] = _below(tree.threshold[inside])
    lefts[place[inside]] = place[left[inside]]
    depths, level = np.zeros(count), np.array([0])
    levels = 0
    while len(parents := level[left[level] >= 0]):
        level = np.concatenate([left[parents], right[parents]])
        levels += 1
        depths[level] = levels
    paths = np.empty(count)
    paths[place] = depths + _usual_path(tree.n_node_samples)
    return _Tree(features, thresholds, lefts, paths, levels)


def _below(thresholds: Numbers) -> NDArray[np.float32]:
    """Round down to float32: a float32 is above the one exactly where it is above the other."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _usual_path(count: NDArray[np.integer]) -> Numbers:
    """Mean number of cuts that set apart one of so many points: 2 H(n - 1) - 2 (n - 1) / n, H(i) = ln i + 0.5772."""
    n = np.maximum(count, 3).astype(np.float64)
    many = 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
    return np.where(count > 2, many, np.where(count == 2, 1.0, 0.0))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of detector: how it is learned, and what a person can learn from its score."""

    fit: Callable[[Rows], Fitted]
    library: str  #: class that is set beside ours; empty where there is none
    explains: str


KINDS = {
    "mahalanobis": Kind(mahalanobis, "sklearn LedoitWolf", "band by band: which are off, and by how many dB"),
    "nearest": Kind(nearest, "sklearn NearestNeighbors", "by example: the good part it is most like"),
    "one-class-svm": Kind(one_class_svm, "sklearn OneClassSVM", "hardly: a distance through a kernel"),
    "isolation-forest": Kind(isolation_forest, "sklearn IsolationForest", "hardly: how few random cuts set it apart"),
    "gmm": Kind(gmm, "sklearn GaussianMixture", "which cloud of goods it is near, then band by band"),
    "autoencoder": Kind(autoencoder, "sklearn MLPRegressor", "band by band what was not drawn, not why"),
    "fusion": Kind(fusion, "", "as its calmer voter: mahalanobis or nearest"),
}


def fitted(name: str, rows: Rows, groups: Sequence[str]) -> Fitted:
    """Learn one kind of detector from rows (n, d) of good parts, each of a group, such as a shift."""
    return fusion(rows, groups) if name == "fusion" else KINDS[name].fit(rows)
