"""Embeddings: a sound becomes a vector in which alike sounds lie close.

An ONNX model comes as two files: the model, and a card that says what it expects and who made it
(`models.model_card`). The card is checked before anything runs; the hash ties the two together.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.front_end import front_end, resample, stretched
from models.model_card import Mel, ModelError, read_card
from models.model_folder import card_of
from models.onnx_session import Session

__all__ = ["Embedding", "ModelError", "OnnxEmbedding", "load_embedding"]


class Embedding(Protocol):
    """Turns the sound of a part into one vector."""

    @property
    def name(self) -> str:
        """What it is called by."""
        ...

    @property
    def sha256(self) -> str:
        """Of the model file: two embeddings of one name are alike only where it is the same."""
        ...

    @property
    def rate(self) -> int:
        """Samples per second it was made for; sound of any other rate is dealt with inside."""
        ...

    @property
    def size(self) -> int:
        """Length of the vector."""
        ...

    def embed(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return one finite vector, shape (size,), of finite samples, shape (n,), n >= 1, at `rate`."""
        ...


def load_embedding(name: str, folder: Path | None = None) -> "OnnxEmbedding":
    """Load an embedding by its name.

    Parameters
    ----------
    name
        A shipped one ("student"), or one that was built ("aisfx") or imported.
    folder
        Where models lie that were built or imported; see `models.model_folder.model_folder`.

    Raises
    ------
    ModelError
        There is none of that name, or it cannot be used.
    """
    return OnnxEmbedding(card_of(name, folder))


class OnnxEmbedding:
    """An embedding by an ONNX model, on one thread of the processor: same sound, same vector, bit for bit.

    Parameters
    ----------
    card_path
        The card; the model lies beside it.

    Raises
    ------
    ModelError
        The card or the model is missing or damaged, the hash differs, the names or shapes are not those of the card,
        or the output for the shortest sound is not finite.
    """

    def __init__(self, card_path: Path) -> None:
        self.card = read_card(card_path)
        self.path = card_path.with_name(self.card.file)
        self._session = Session(self.path, self.card)
        ramp = np.linspace(-0.1, 0.1, self.card.shortest, dtype=np.float32)
        self.embed(ramp, self.card.rate)  # what does not run at all must not wait for the first part

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.card.name

    @property
    def sha256(self) -> str:
        """Of the model file, as checked."""
        return self.card.sha256

    @property
    def rate(self) -> int:
        """Samples per second it works at."""
        return self.card.rate

    @property
    def size(self) -> int:
        """Length of the vector."""
        return self.card.size

    def embed(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Return one vector, shape (size,), of sound of any length.

        Sound of another rate is resampled, or heard as it is where the card says that the model can; what is shorter
        than the model takes is filled with zeros at its end, what is longer is cut into windows that overlap by half
        (the last flush with the end), whose vectors are pooled.

        Parameters
        ----------
        samples : ndarray, shape (n,), float32
            Full-scale units, n >= 1, finite.
        rate
            Samples per second.

        Raises
        ------
        ModelError
            The model failed on this sound, or answered with something that is not a finite vector of its size.
        ValueError
            There are no samples, or some are not finite: a fault of the caller.
        """
        if not len(samples) or not np.isfinite(samples).all():
            raise ValueError("an embedding wants finite samples, and at least one")
        vectors = np.concatenate([self._session.run(one) for one in self.inputs(samples, rate)])
        pooled: NDArray[np.float32] = vectors.max(axis=0) if self.card.pooling == "max" else vectors.mean(axis=0)
        return pooled

    def inputs(self, samples: NDArray[np.float32], rate: int) -> list[NDArray[np.float32]]:
        """Return what the model is given for a sound, one array a window, in the shape of its card."""
        card, sound = self.card, np.asarray(samples, np.float32)
        if isinstance(card.front_end, Mel) and card.front_end.any_rate:
            longest, shortest = (max(1, round(n * rate / card.rate)) for n in (card.window, card.shortest))
            recipe = stretched(card.front_end, card.rate, rate)
            return [self._shaped(front_end(one, rate, recipe)) for one in windows(sound, longest, shortest)]
        sound = resample(sound, rate, card.rate)
        cut = windows(sound, card.window, card.shortest)
        return [self._shaped(front_end(one, card.rate, card.front_end)) for one in cut]

    def _shaped(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay the input out along the axes the card names."""
        if "bands" in self.card.shape and self.card.shape.index("bands") < self.card.shape.index("frames"):
            values = values.T
        sizes = iter(values.shape)
        return np.ascontiguousarray(values.reshape([1 if axis == 1 else next(sizes) for axis in self.card.shape]))


def windows(sound: NDArray[np.float32], longest: int, shortest: int) -> list[NDArray[np.float32]]:
    """Cut into windows of `longest` that overlap by half, the last flush with the end; fill up to `shortest`."""
    n = len(sound)
    if n < shortest:
        return [np.pad(sound, (0, shortest - n))]
    if n <= longest:
        return [sound]
    starts = [*range(0, n - longest, max(1, longest // 2)), n - longest]
    return [sound[start : start + longest] for start in starts]
