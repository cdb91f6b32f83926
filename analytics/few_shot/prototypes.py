"""Names for defects, from a few examples of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.certainty import Certainty

UNKNOWN = "unknown"  #: a defect nobody taught
_LEAST_DISTANCE = 1e-3  #: two sounds of one defect are never nearer; keeps the logarithm finite
_SHOWN = 3  #: nearest examples, as an explanation


@dataclass(frozen=True, slots=True)
class Near:
    """A taught example, and how near a part lies to it."""

    recording: str
    defect: str
    distance: float  #: about 1 between two examples of one defect


@dataclass(frozen=True, slots=True)
class Named:
    """What a part is called, and why.

    Parameters
    ----------
    name
        A taught defect, or "unknown".
    confidence
        Probability that the name is right; None where too few examples were taught to calibrate it.
    nearest
        The taught examples nearest to the part, nearest first; empty where a recipe keeps none.
    """

    name: str
    confidence: float | None
    nearest: tuple[Near, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The taught examples themselves, kept to be shown.

    Parameters
    ----------
    recordings
        Name of each.
    classes : ndarray, shape (m,)
        Which defect each is of, an index into `Prototypes.names`.
    white : ndarray, shape (m, d), float32
        Whitened as the prototypes are.
    """

    recordings: tuple[str, ...]
    classes: NDArray[np.int64]
    white: NDArray[np.float32]

    def __post_init__(self) -> None:
        m = len(self.recordings)
        if self.classes.shape != (m,) or self.white.ndim != 2 or len(self.white) != m:
            raise ValueError(f"{m} recordings, {self.classes.shape} classes and {self.white.shape} numbers do not fit")


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """Centres of the taught defects in a whitened space.

    The space is whitened by the goods' residuals AND those of the examples around their own centre: whitening by the
    total spread of all sounds would erase the very differences between classes (docs/parts.md).

    Parameters
    ----------
    names
        One per class.
    whitening
        Its `mean` is any fixed origin; only differences count.
    centres : ndarray, shape (c, d)
        Mean of each class after whitening.
    counts : ndarray, shape (c,)
        Examples each centre was made of, >= 1.
    limits : ndarray, shape (c,)
        Distance beyond which a sound is none of this class, > 0.
    certainty
        None where too few examples could be left out to know how sure a name is.
    examples
        None where nothing but the centres is kept.
    """

    names: tuple[str, ...]
    whitening: Mahalanobis
    centres: NDArray[np.float64]
    counts: NDArray[np.int64]
    limits: NDArray[np.float64]
    certainty: Certainty | None = None
    examples: Examples | None = None

    def __post_init__(self) -> None:
        c = len(self.names)
        if c == 0 or len(set(self.names)) != c or UNKNOWN in self.names:
            raise ValueError(f"defect names must be distinct and none may be {UNKNOWN!r}: {self.names}")
        if self.centres.shape != (c, len(self.whitening.mean)) or not self.counts.shape == self.limits.shape == (c,):
            raise ValueError(f"arrays do not fit {c} classes")
        if not (np.isfinite(self.centres).all() and (self.counts >= 1).all() and (self.limits > 0).all()):
            raise ValueError("a centre is not finite, a count below 1 or a limit not above 0")
        kept = self.examples
        if kept is not None and (
            kept.white.shape[1:] != self.whitening.mean.shape or not ((kept.classes >= 0) & (kept.classes < c)).all()
        ):
            raise ValueError(f"examples of other numbers or classes than the {c} prototypes")

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Distance of each row (n, d) to each class, shape (n, c), about 1 for a member.

        d^2 n / (n + 1) / dimensions: the centre of n examples is itself uncertain by 1 / n of their spread, so a class
        of few examples must not look far away for that alone.
        """
        return self._distances(self.whitening.whiten(features))

    def evidence(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """For each class ln(limit / distance), and 0 for none of them; of rows (n, d), shape (n, c + 1)."""
        return self._evidence(self.whitening.whiten(features))

    def name(self, features: NDArray[np.float32]) -> str:
        """Name the defect of one part (d,): the nearest class within its limit, else "unknown"."""
        return self.recognise(features).name

    def recognise(self, features: NDArray[np.float32]) -> Named:
        """Name the defect of one part (d,), say how sure that is, and which taught examples it is most like."""
        white = self.whitening.whiten(features[None, :])
        evidence = self._evidence(white)[0]
        chosen = int(np.argmax(evidence))  # the first of equals: on its limit a part is of the class
        sure = self.certainty.of(evidence, chosen) if self.certainty else None
        return Named((*self.names, UNKNOWN)[chosen], sure, self._nearest(white[0]))

    def _distances(self, white: NDArray[np.float64]) -> NDArray[np.float64]:
        squared = np.mean(np.square(white[:, None, :] - self.centres), axis=2)
        distance: NDArray[np.float64] = np.sqrt(squared * (self.counts / (self.counts + 1.0)))
        return distance

    def _evidence(self, white: NDArray[np.float64]) -> NDArray[np.float64]:
        within = np.log(self.limits / np.maximum(self._distances(white), _LEAST_DISTANCE))
        return np.concatenate([within, np.zeros((len(white), 1))], axis=1)

    def _nearest(self, white: NDArray[np.float64]) -> tuple[Near, ...]:
        if self.examples is None:
            return ()
        # Both the part and the example differ from their centre: twice the spread of one.
        distances = np.sqrt(np.mean(np.square(self.examples.white - white), axis=1) / 2)
        order = np.argsort(distances, kind="stable")[:_SHOWN]
        classes, recordings = self.examples.classes, self.examples.recordings
        return tuple(Near(recordings[m], self.names[classes[m]], float(distances[m])) for m in order)


@dataclass(frozen=True, slots=True, eq=False)
class TaughtScore:
    """A logistic that knows the taught defects, on the vector whitened by the goods.

    Parameters
    ----------
    weights : ndarray, shape (d,)
    bias
        Its logit is ``weights . whitened + bias``.
    limit
        Logit at the limit, found on held-out goods.
    spread
        Logits per unit of ln score: puts the logit on the scale of the good-only score, > 0.
    """

    weights: NDArray[np.float64]
    bias: float
    limit: float
    spread: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and np.isfinite([self.bias, self.limit]).all() and self.spread > 0):
            raise ValueError("a value is not finite, or the spread is not above 0")

    def score(self, whitened: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return exp((logit - limit) / spread) of each row (n, d), shape (n,); 1 is the limit."""
        logit = whitened @ self.weights + self.bias
        return np.exp(np.clip((logit - self.limit) / self.spread, -50.0, 50.0))
