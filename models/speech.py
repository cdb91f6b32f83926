"""Is that somebody speaking? Asked of every sound before it is written, on this very PC.

The network is silero-vad, shipped in the zoo as it comes from its makers: a voice activity detector, no recogniser.
What it answers is a probability for each 32 ms; what was said, and by whom, is in none of its numbers.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analytics.quality import speech
from models.embedding import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CARD = Path(__file__).parent / "zoo" / "speech" / "silero-vad.json"
_STATE = (1, 1, 128)
_FRAMES_MOST = 512  #: a run, 16 s: memory stays bounded however long the sound is


class SpeechCard(BaseModel):
    """What the card of the speech model says."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1]
    kind: Literal["speech"]
    name: str = Field(min_length=1, max_length=60)
    version: str = Field(min_length=1, max_length=20)
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    rate: Literal[16000]
    licence: str = Field(min_length=2)
    source: str = Field(min_length=1)
    credit: str = Field(min_length=1)


class SpeechModel:
    """The network, on one thread.

    Parameters
    ----------
    card_path
        Its card; the model lies beside it.

    Raises
    ------
    ModelError
        The card or the model is missing or damaged, or the hash differs.
    """

    def __init__(self, card_path: Path = CARD) -> None:
        self.card = _read_card(card_path)
        self._session = _open(card_path.with_name(self.card.file), self.card.sha256)

    def probability(self, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        """Probability of speech in each 32 ms, shape (frames,): the larger one of two hearings at different levels."""
        heard = [self._run(frames) for frames in speech.hearings(samples, rate)]
        if not heard:
            return np.zeros(0, np.float32)
        return np.asarray(np.max(heard, axis=0), np.float32)

    def spans(self, samples: NDArray[np.float32], rate: int) -> tuple[tuple[int, int], ...]:
        """Find where somebody speaks, with the margins: (start, stop) in samples, rising and disjoint."""
        return speech.spans(self.probability(samples, rate), rate, len(samples))

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        found, h, c = [], np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)
        for first in range(0, len(frames), _FRAMES_MOST):
            block: Any = {"input": frames[first : first + _FRAMES_MOST], "h": h, "c": c}
            probability, h, c = self._session.run(["speech_probs", "hn", "cn"], block)
            found.append(probability)
        return np.concatenate(found)


def _read_card(path: Path) -> SpeechCard:
    try:
        return SpeechCard.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise ModelError(
            f"{path}: no card of the speech model ({fault.strerror}); install wheeltapper again"
        ) from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ModelError(f"{path}: {where}: {first['msg']}; install wheeltapper again") from fault


def _open(path: Path, sha256: str) -> "InferenceSession":
    """Open the very bytes whose hash was checked."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise ModelError(f"{path}: no speech model ({fault.strerror}); install wheeltapper again") from fault
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelError(f"{path}: found sha256 {found[:12]}..., wanted {sha256[:12]}...; install wheeltapper again")
    import onnxruntime as ort  # only where sound is to be kept: it takes a tenth of a second and 50 MB

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
