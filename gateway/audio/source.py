"""The port sound comes in by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class SourceFault(Exception):
    """The source cannot give sound; the message is one sentence: what, where, wanted, mend."""


class SourceStuck(SourceFault):
    """The audio system does not let go of the device: only the end of this process frees it."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Samples as they arrived.

    Parameters
    ----------
    start
        Index of the first sample since the source was opened. Where it is larger than the end of the chunk before,
        the samples between are a gap: lost, never silence.
    samples : ndarray, shape (n, channels), float32
        Full scale is +-1. May be empty: time went on up to `start`, and nothing was heard.
    clock
        Monotonic seconds at which the last sample of the chunk was there.
    """

    start: int
    samples: NDArray[np.float32]
    clock: float

    @property
    def stop(self) -> int:
        """Index past the last sample."""
        return self.start + len(self.samples)


class Source(Protocol):
    """Where sound comes from. Opened, read and closed by one thread of one worker.

    The worker's loop never blocks on a source: `chunks` hands over what is there now and ends; it is called again in
    the next pass. A source that has ended for good (the last file was played) says so by `ended`. Neither does `open`
    have to wait for the device: what goes wrong later is raised by `chunks`.
    """

    rate: int
    channels: int
    ended: bool

    def open(self) -> None:
        """Start listening; sample 0 is the first one after this call. Raises `SourceFault`."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Everything that arrived since the last call, in order. Raises `SourceFault` when the device is gone."""
        ...

    def place(self, part_id: str, index: int) -> int | None:
        """Let the sound of this part begin at sample `index`, where the source is a rehearsal.

        A microphone hears what is there and answers `index`. A recording or a simulation plays the file or the
        synthesis this PartId names; the past cannot be played any more, so it may begin a little later, and says when.
        None where it has no such part: a gap, never the next file. Raises `SourceFault` for one it cannot play.
        """
        ...

    def close(self) -> None:
        """Let go of the device within a bounded time; safe after a failed `open`."""
        ...
