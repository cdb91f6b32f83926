"""Makes a model smaller, and keeps the smaller one only where it hears the same and takes less time.

An embedding is used by its distances. So what a smaller model does wrong is measured by them: the distance between its
vector and the original's, beside how far apart the user's own recordings lie. Sounds of many kinds lie far apart and
forgive the rounding of int8; good bottles lie close together, and there the same rounding cost 4 points of AUC
(docs/models.md). Half of the recordings calibrate, the other half judge.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.embedding import OnnxEmbedding
from models.model_card import Card, ModelError
from models.model_writing import write_model
from models.onnx_session import model_bytes

FEWEST = 20  #: recordings; of the half that judges, one in ten is one
MOST_ERROR = 0.1  #: root mean square error over root mean square distance from the mean: -20 dB
FEWEST_SAME = 0.95  #: share of recordings whose nearest neighbour stays the same
LEAST_GAIN = 0.1  #: of the time; less is within what a busy machine moves it by
_RUNS = 5  #: of each recording, for the time

Sounds = Sequence[tuple[NDArray[np.float32], int]]  #: samples (n,) and their rate
Shrink = Callable[[bytes, Card, list[NDArray[np.float32]]], bytes]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A smaller model beside the original, over recordings that did not calibrate it.

    Parameters
    ----------
    error
        Root mean square distance of its vectors from the original's, over that of the original's from their mean.
    same
        Share of recordings with the same nearest other recording.
    before_us, after_us
        Median time of one recording, microseconds, front end included.
    before_bytes, after_bytes
        Of the files.
    """

    error: float
    same: float
    before_us: float
    after_us: float
    before_bytes: int
    after_bytes: int

    @property
    def faults(self) -> list[str]:
        """Say what speaks against it; empty where it may be used."""
        found = []
        if self.error > MOST_ERROR:
            found.append(f"error {self.error:.1%} of the distances between these recordings, wanted {MOST_ERROR:.0%}")
        if self.same < FEWEST_SAME:
            found.append(f"same nearest neighbour for {self.same:.0%} of them, wanted {FEWEST_SAME:.0%}")
        if self.after_us > (1 - LEAST_GAIN) * self.before_us:
            found.append(f"{self.after_us:.0f} us instead of {self.before_us:.0f} us, wanted {LEAST_GAIN:.0%} less")
        return found


def shrink(
    embedding: OnnxEmbedding, folder: Path, kind: Literal["int8", "pruned"], sounds: Sounds, make: Shrink
) -> Comparison:
    """Make a smaller model, compare it, and write it beside the others where nothing speaks against it.

    Parameters
    ----------
    embedding
        The original.
    folder
        Where models lie; the new one is called NAME-int8 or NAME-pruned.
    kind
        What is done to it.
    sounds
        Of the kind it will hear, at least `FEWEST`.
    make
        `models.quantising.quantised` or `models.pruning.pruned` with its share.

    Returns
    -------
    Comparison
        Whether or not it was kept: it was where `faults` is empty.

    Raises
    ------
    ModelError
        There are too few recordings, or the model cannot be made smaller this way.
    """
    if len(sounds) < FEWEST:
        raise ModelError(f"{len(sounds)} recordings, wanted {FEWEST} at least: half calibrate, half judge")
    shaped = [one for sound, rate in sounds[::2] for one in embedding.inputs(sound, rate)]
    content = make(model_bytes(embedding.path), embedding.card, shaped)
    name = f"{embedding.name}-{kind}"
    card = embedding.card.model_copy(
        update={
            "name": name, "file": f"{name}.onnx", "sha256": hashlib.sha256(content).hexdigest(),
            "credit": f"{embedding.card.credit}; changed: {kind}", "figures": {},
            "source": f"{embedding.name} (sha256 {embedding.sha256}), {kind} by wheeltapper models",
        }
    )  # fmt: skip
    seen: list[Comparison] = []

    def check(smaller: OnnxEmbedding) -> None:
        seen.append(compare(embedding, smaller, sounds[1::2]))
        if seen[0].faults:
            raise _RefusedError

    with suppress(_RefusedError):  # the figures say why, and nothing was written
        write_model(folder, card, content, check)
    return seen[0]


class _RefusedError(ModelError):
    """The smaller model is not good enough."""


def compare(original: OnnxEmbedding, smaller: OnnxEmbedding, sounds: Sounds) -> Comparison:
    """Compare two models over recordings."""
    wanted, found = (np.array([one.embed(*sound) for sound in sounds], np.float64) for one in (original, smaller))
    off = np.sqrt(np.mean(np.sum(np.square(found - wanted), axis=1)))
    apart = np.sqrt(np.mean(np.sum(np.square(wanted - wanted.mean(axis=0)), axis=1)))
    before_us, after_us = _times(original, smaller, sounds)
    return Comparison(
        float(off / max(apart, 1e-12)),
        float(np.mean(nearest(wanted) == nearest(found))),
        before_us,
        after_us,
        len(model_bytes(original.path)),
        len(model_bytes(smaller.path)),
    )


def nearest(vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each vector (n, d) the place of the nearest other one, shape (n,)."""
    square = np.sum(np.square(vectors), axis=1)
    distance = square[:, None] + square - 2 * vectors @ vectors.T
    np.fill_diagonal(distance, np.inf)
    return np.asarray(np.argmin(distance, axis=1), np.int64)


def _times(original: OnnxEmbedding, smaller: OnnxEmbedding, sounds: Sounds) -> tuple[float, float]:
    """Take the median time of one recording of each, microseconds; turn by turn, so that load meets both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(_RUNS):
        for sound, rate in sounds:
            for times, one in zip(taken, (original, smaller), strict=True):
                begun = time.perf_counter()
                one.embed(sound, rate)
                times.append(time.perf_counter() - begun)
    return float(np.median(taken[0])) * 1e6, float(np.median(taken[1])) * 1e6
