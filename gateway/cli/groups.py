"""`--group-by`: the shift, day or take a part came from, read from the names of the recordings."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from gateway.audio.files import SoundFileError

PLACE = "{group}"
_SHOWN = 3  #: names that do not fit, at most


def groups_by(names: Sequence[str], pattern: str) -> list[str]:
    """Read the group of each recording from its name.

    Parameters
    ----------
    names
        Of files; folders and the ending (.wav) are no part of what is compared.
    pattern
        With ``{group}`` where the group stands, ``*`` for anything and ``?`` for one character; ``{group}`` is as short
        as the rest allows: ``{group}_*`` finds early in early_0117.wav and in early_b_0117.wav.

    Raises
    ------
    SoundFileError
        The pattern has no place for the group, or does not fit every name.
    """
    if pattern.count(PLACE) != 1:
        raise SoundFileError(f'--group-by {pattern}: wanted {PLACE} once, as in "{PLACE}_*" for early_0117.wav')
    words = {"*": ".*", "?": ".", PLACE: "(?P<group>.+?)"}
    pieces = re.split(r"(\*|\?|\{group\})", pattern)
    fits = re.compile("".join(words.get(piece, re.escape(piece)) for piece in pieces))
    found = [fits.fullmatch(PurePosixPath(name).stem) for name in names]
    odd = [name for name, one in zip(names, found, strict=True) if one is None]
    if odd:
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        raise SoundFileError(
            f"--group-by {pattern}: fits {len(names) - len(odd)} of {len(names)} names, not "
            f"{', '.join(odd[:_SHOWN])}{more}; wanted a pattern that fits all"
        )
    return [one["group"] for one in found if one]
