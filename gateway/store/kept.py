"""Parts with what they can be judged again by."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from gateway.store.evidence import FOLDER
from gateway.store.read import PART_COLUMNS, PartRow, Reader, part_row
from gateway.store.records import sound_sha256

_SEQUENCE_MAX = 2**63 - 1  #: SQLite's integers end there
_COLUMNS = f"{PART_COLUMNS}, cut, front_end, features, embedding, clip_sha256"
_OWN = 5  #: columns beyond those of every part


@dataclass(frozen=True, slots=True, eq=False)
class KeptPart:
    """A part and what remains of how it sounded.

    Parameters
    ----------
    row
        As it was told.
    cut
        JSON of `gateway.processes.cut`; empty where nothing was heard, or before these were kept.
    front_end
        JSON of how sound became `features`; empty where nothing was scored.
    features, embedding : ndarray, float32, or None
        What was scored, shapes (d,) and (e,).
    clip_sha256
        Of the samples of the clip; empty where the sound was not kept.
    """

    row: PartRow
    cut: str
    front_end: str
    features: NDArray[np.float32] | None
    embedding: NDArray[np.float32] | None
    clip_sha256: str


class KeptReader(Reader):
    """A reader of parts and of what they can be judged again by."""

    def last(self, last: int, *, station: str | None = None, part_type: int | None = None) -> list[KeptPart]:
        """Give the last parts, oldest first; of one station and of one PartType where these are said."""
        said = {"station": station, "part_type": part_type}
        known = {key: value for key, value in said.items() if value is not None}
        chosen = " AND ".join(f"{key} = ?" for key in known) or "1"
        return self._kept(chosen, tuple(known.values()), last)

    def by_id(self, number: int) -> KeptPart | None:
        """Give the part of a row of the store; None where there is none."""
        found = self._kept("id = ?", (number,), 1)
        return found[0] if found else None

    def named(self, name: str, *, station: str | None = None) -> list[KeptPart]:
        """Give the newest two parts of this part id or, where none has it, of this sequence number, oldest first.

        Two, so that whoever asks for one can be told that there are more.
        """
        narrowed, more = ("", ()) if station is None else (" AND station = ?", (station,))
        found = self._kept(f"part_id = ?{narrowed}", (name, *more), 2)
        if not found and name.isascii() and name.isdecimal() and int(name) <= _SEQUENCE_MAX:
            found = self._kept(f"sequence = ?{narrowed}", (int(name), *more), 2)
        return found

    def _kept(self, chosen: str, values: tuple[object, ...], last: int) -> list[KeptPart]:
        sql = f"SELECT {_COLUMNS} FROM parts WHERE {chosen} ORDER BY id DESC LIMIT ?"  # noqa: S608
        return [_kept(row) for row in self._last(sql, values, last)]


def _kept(row: tuple[Any, ...]) -> KeptPart:
    cut, front_end, features, embedding, sha256 = row[-_OWN:]
    return KeptPart(part_row(row[:-_OWN]), cut, front_end, _float32(features), _float32(embedding), sha256)


def _float32(packed: bytes | None) -> NDArray[np.float32] | None:
    return None if packed is None else np.frombuffer(packed, "<f4").astype(np.float32)


class NoSound(Exception):
    """The sound of a part is not there any more, or never was; one sentence."""


def sound_of_part(store: Path, kept: KeptPart) -> NDArray[np.float32]:
    """Read the samples a part was judged by, shape (n, channels).

    Raises
    ------
    NoSound
        They were not kept, are gone, or are not the samples that were judged.
    """
    clip = kept.row.clip
    if clip is None:
        raise NoSound("its sound was not kept: the site file lets none be written ([store] sound), or it held speech")
    if not kept.clip_sha256:
        raise NoSound(f"{clip}: kept by an earlier version in 16 bit, not the samples that were judged")
    return read_clip(store, clip, kept.clip_sha256).samples


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A clip: samples, shape (n, channels), float32, and Hz."""

    samples: NDArray[np.float32]
    rate: int


def read_clip(store: Path, clip: str, sha256: str) -> Sound:
    """Read a clip of the evidence folder.

    Raises
    ------
    NoSound
        It is gone, or holds other samples than were judged.
    """
    path = store / FOLDER / Path(clip).name
    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError):
        why = "cannot be read" if path.exists() else "was kept, and has made room for newer evidence"
        raise NoSound(f"{clip}: {why}") from None
    if sound_sha256(sound) != sha256:
        raise NoSound(f"{clip}: not the sound that was judged (its hash differs)")
    return Sound(np.asarray(sound, np.float32), int(rate))
