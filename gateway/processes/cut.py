"""Where a part lies in its stored sound, and how its numbers were made: it can be judged again, bit for bit."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import PartModel
from analytics.quality.words import Quality
from analytics.signal.capture import Capture
from models.flat import flatten

_SECOND = "second"  #: key of the embedding beside the front end's own


@dataclass(frozen=True, slots=True)
class Cut:
    """What a capture is beside its samples, and what was known of the ear that heard it.

    Parameters
    ----------
    rate, start, stop, gaps, before, after
        As in `Capture`.
    ambient
        The ambient microphone was heard as well: the second channel of the stored sound.
    ear
        Why the microphone was not believed at that moment; no sound tells it.
    recipe
        Folder of the very version that judged; empty where none did.
    """

    rate: int
    start: int
    stop: int
    gaps: tuple[tuple[int, int], ...] = ()
    before: bool = True
    after: bool = True
    ambient: bool = False
    ear: tuple[Quality, ...] = ()
    recipe: str = ""

    @property
    def text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), separators=(",", ":"))


def cut_of(capture: Capture, ear: tuple[Quality, ...], recipe: str) -> Cut:
    """Say how a capture lies in its sound."""
    return Cut(
        capture.rate,
        capture.start,
        capture.stop,
        capture.gaps,
        capture.before,
        capture.after,
        capture.ambient is not None,
        ear,
        recipe,
    )


def sound_of(capture: Capture) -> NDArray[np.float32]:
    """Give what is stored of a capture: shape (n,), or (n, 2) with the ambient microphone beside."""
    if capture.ambient is None:
        return capture.samples
    return np.stack([capture.samples, capture.ambient], axis=1)


def front_end_text(model: PartModel) -> str:
    """Say in one line how sound becomes the numbers a model scores: its front end, and its second voter's embedding."""
    told = flatten(model.front_end, {})
    assert isinstance(told, dict)
    if model.second is not None:
        told = told | {_SECOND: [model.second.embedding, model.second.sha256]}
    return json.dumps(told, sort_keys=True)


def why_other_numbers(text: str, model: PartModel) -> str:
    """Say why numbers made as `text` tells mean nothing to a model; empty where it can score them.

    A model without a second voter scores numbers whichever embedding stands beside them.
    """
    wanted: dict[str, Any] = json.loads(front_end_text(model))
    try:
        made = dict(json.loads(text))
    except (ValueError, TypeError):  # another version's, or none at all
        made = {}
    through, hears = made.pop(_SECOND, None), wanted.pop(_SECOND, None)
    if made != wanted:
        return "numbers made by another front end"
    if hears is None or through == hears:
        return ""
    known = "through an embedding nobody knows" if through is None else f"through {through[0]} {through[1][:12]}"
    return f"numbers made {known}; wanted {hears[0]} {hears[1][:12]}"


def cut_from(text: str) -> Cut:
    """Read what `Cut.text` wrote; ValueError where it is anything else."""
    try:
        fields = dict(json.loads(text))
        fields["gaps"] = tuple((int(first), int(last)) for first, last in fields["gaps"])
        fields["ear"] = tuple(Quality(word) for word in fields["ear"])
        return Cut(**fields)
    except (KeyError, TypeError) as fault:
        raise ValueError(f"wanted the fields of a cut ({fault})") from fault


def capture_again(cut: Cut, sound: NDArray[np.float32]) -> Capture:
    """Make the capture of a stored sound, shape (n, channels).

    Raises
    ------
    ValueError
        The sound is shorter than the part, or a channel is missing.
    """
    if sound.shape[1] != 1 + cut.ambient:
        raise ValueError(f"the sound has {sound.shape[1]} channels; wanted {1 + cut.ambient}")
    if not 0 <= cut.start <= cut.stop <= len(sound):
        raise ValueError(f"the sound has {len(sound)} samples; the part ends at {cut.stop}")
    main, *beside = (np.ascontiguousarray(channel) for channel in sound.T)
    ambient = beside[0] if beside else None
    return Capture(main, cut.rate, cut.start, cut.stop, cut.gaps, cut.before, cut.after, ambient)
