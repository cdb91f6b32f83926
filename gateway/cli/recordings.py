"""The recordings a command is given, brought to one channel and one rate: parts to learn from or to compare by."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typer.core import TyperCommand

from analytics.signal.beamforming import Beam, summed_whole
from gateway.audio.files import (
    Found,
    Recording,
    SoundFileError,
    at_rate,
    capture_of,
    most_common_rate,
    one_channel,
    read_recording,
    recordings_in,
)
from gateway.cli.output import Step, note
from models.taught import TaughtPart

#: Options that take any number of values.
_MANY = ("--good", "--bad", "--defect", "--drop", "--confirm", "--sisters", "--kind", "--background", "--other")
NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9 _-]{0,39})=(.+)", re.DOTALL)
_SHOWN = 10  #: faults of recordings, at most


class Spread(TyperCommand):
    """Lets ``--good a b c`` stand for ``--good a --good b --good c``, as a shell writes a pattern out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # typer does not export its type
        """Parse the words of the command line, spread out."""
        return super().parse_args(ctx, spread(args))


def spread(arguments: Sequence[str]) -> list[str]:
    """Repeat an option of `_MANY` before each of its values; ``--defect crack=a b`` names b a crack too."""
    given: list[str] = []
    option = name = ""
    takes = False  # the next word belongs to an option already written
    for word in arguments:
        if word.startswith("-") and len(word) > 1:
            begun, _, value = word.partition("=")
            option, name = (begun if begun in _MANY else ""), ""
            given.append(word)
            takes = bool(option) and not value
            continue
        if not option:
            given.append(word)
            continue
        if option in ("--defect", "--kind"):
            named = NAMED.fullmatch(word)
            name, word = (named[1], word) if named else (name, f"{name}={word}" if name else word)
        given += [word] if takes else [option, word]
        takes = False
    return given


def found_in(good: Sequence[Path], defects: Sequence[str], drop: Sequence[Path]) -> list[tuple[Found, str]]:
    """List every recording with its defect, empty for good ones, without those dropped."""
    found = [(one, "") for one in recordings_in(good)]
    for word in defects:
        named = NAMED.fullmatch(word)
        if named is None:
            raise SoundFileError(f"--defect {word}: wanted NAME=PATH, as in --defect crack=cracked/")
        found += [(one, named[1].strip()) for one in recordings_in([Path(named[2])])]
    dropped = {path.resolve() for path in drop}
    there = {one.path.resolve() for one, _ in found}
    for path in drop:
        if path.resolve() not in there:
            raise SoundFileError(f"--drop {path}: not among the recordings given; wanted one of them, as it was named")
    return [(one, name) for one, name in found if one.path.resolve() not in dropped]


def read_all(found: Sequence[Found], rate: int | None, step: Step) -> list[Recording]:
    """Read all recordings, or raise for all that cannot be read at once."""
    recordings, faults = [], []
    for done, one in enumerate(found, 1):
        try:
            recordings.append(read_recording(one.path, rate))
        except SoundFileError as fault:
            faults.append(str(fault))
        step(done, len(found), "reading")
    _raise_all(faults)
    return recordings


def parts_of(
    found: Sequence[tuple[Found, str]],
    recordings: Sequence[Recording],
    channel: int | None,
    surroundings: bool,
    ambient_channel: int | None = None,
    wanted: int = 0,
    beam: Beam | None = None,
) -> list[TaughtPart]:
    """Bring all recordings to one channel, or to it and the ambient one, and to one rate; an array is heard as one.

    The rate `wanted`, or where it is 0 that of most of the good ones.
    """
    pairs = list(zip(found, recordings, strict=True))
    wanted = wanted or most_common_rate([recording for (_, defect), recording in pairs if not defect])
    parts, faults = [], []
    higher: Counter[int] = Counter()
    for (one, defect), recording in pairs:
        try:
            samples = at_rate(heard_of(recording, channel, beam), recording.rate, wanted, one.path)
            ambient = ambient_of(recording, ambient_channel, wanted, one.path)
        except SoundFileError as fault:
            faults.append(str(fault))
            continue
        higher[recording.rate] += recording.rate > wanted
        parts.append(TaughtPart(one.name, capture_of(samples, wanted, surroundings, ambient), one.group, defect))
    _raise_all(faults)
    for rate, count in higher.items():
        if count:
            note(f"{count} recordings of {rate} samples a second were brought down to {wanted}, the rate of most")
    return parts


def heard_of(recording: Recording, channel: int | None, beam: Beam | None) -> NDArray[np.float32]:
    """Return what a station heard of a recording, shape (n,): one channel, or the channels of an array as one."""
    if beam is None:
        return one_channel(recording, channel)
    if channel is not None:
        raise SoundFileError(f"{recording.path}: heard through the array {beam}; wanted no --channel beside it")
    try:
        return summed_whole(beam, recording.samples, recording.rate)
    except ValueError as fault:
        raise SoundFileError(f"{recording.path}: {fault}") from None


def ambient_of(recording: Recording, channel: int | None, wanted: int, path: Path) -> NDArray[np.float32] | None:
    """Return what the ambient microphone heard, at the rate wanted, shape (n,); None where no channel is its."""
    return None if channel is None else at_rate(one_channel(recording, channel), recording.rate, wanted, path)


def _raise_all(faults: Sequence[str]) -> None:
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise SoundFileError("\n".join([*faults[:_SHOWN], *more]))
