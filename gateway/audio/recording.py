"""Recordings in place of a microphone: rehearsal, replay, tests."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.audio.files import SoundFileError, read_recording, recordings_in
from gateway.audio.pace import Pace
from gateway.audio.source import Chunk, SourceFault
from gateway.processes.clock import Clock
from gateway.stations.plan import SourcePlan

CLIP_S_MAX = 60.0  #: a longer file is no part
WAITING_MAX = 8  #: clips placed and not yet played; a station has one part at a time


class PartRecordings:
    """Plays the file a PartId names, at the sample the part begins; in between it has heard nothing.

    What lies outside the clips is a gap, for nobody knows how the place sounded then. A clip without surroundings is
    therefore judged without them (quality ``no_context``).

    Parameters
    ----------
    plan
        `path` is a folder (searched with its subfolders) or one file; the PartId is the file's stem.
    clock
        The gateway's clock, which paces the samples.
    """

    def __init__(self, plan: SourcePlan, clock: Clock) -> None:
        self.rate = plan.rate
        self.channels = plan.channels
        self.ended = False
        self._plan = plan
        self._clock = clock
        self._files: dict[str, Path] = {}
        self._placed: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._position = 0
        self._pace: Pace | None = None

    def open(self) -> None:
        """List the files and start the sample clock. Raises `SourceFault`."""
        self._files = _by_stem(self._plan)
        self._placed.clear()
        self._position = 0
        self._pace = Pace(self._clock, self.rate, self._plan.pace)

    def chunks(self) -> Iterator[Chunk]:
        """Give the placed clips as far as time has come, and word of the silence of knowledge between them."""
        if self._pace is None:
            return
        reached, clock = self._pace.reached()
        while self._placed and self._placed[0][0] < reached:
            start, clip = self._placed[0]
            first, last = max(start, self._position), min(start + len(clip), reached)
            if last > first:
                yield Chunk(first, clip[first - start : last - start], clock)
                self._position = last
            if last < start + len(clip):
                break
            self._placed.popleft()
        if self._position < reached:
            self._position = reached
            yield Chunk(reached, np.zeros((0, self.channels), np.float32), clock)

    def place(self, part_id: str, index: int) -> int | None:
        """Play this part's file from `index` on, or from the next sample where that is past."""
        path = self._files.get(part_id)
        if path is None or len(self._placed) >= WAITING_MAX:
            return None
        busy_until = max((start + len(clip) for start, clip in self._placed), default=0)
        start = max(index, self._position, busy_until)
        self._placed.append((start, _read(path, self._plan, CLIP_S_MAX)))
        return start

    def close(self) -> None:
        """Forget what was placed."""
        self._placed.clear()
        self._pace = None


class StreamRecordings:
    """Plays the files of a folder one after the other, without a hole between them, and ends.

    Parameters
    ----------
    plan
        `path` is a file or a folder; its files in sorted order.
    clock
        The gateway's clock, which paces the samples.
    """

    def __init__(self, plan: SourcePlan, clock: Clock) -> None:
        self.rate = plan.rate
        self.channels = plan.channels
        self.ended = False
        self._plan = plan
        self._clock = clock
        self._waiting: deque[Path] = deque()
        self._playing: NDArray[np.float32] = np.zeros((0, plan.channels), np.float32)
        self._at = 0
        self._position = 0
        self._pace: Pace | None = None

    def open(self) -> None:
        """List the files, read the first and start the sample clock. Raises `SourceFault`."""
        self._waiting = deque(_listed(self._plan))
        self._playing, self._at, self._position = _read(self._waiting.popleft(), self._plan), 0, 0
        self.ended = False
        self._pace = Pace(self._clock, self.rate, self._plan.pace)

    def chunks(self) -> Iterator[Chunk]:
        """Give the sound up to now. Raises `SourceFault` at a file that cannot be played."""
        if self._pace is None or self.ended:
            return
        reached, clock = self._pace.reached()
        while self._position < reached:
            if self._at >= len(self._playing):
                if not self._waiting:
                    self.ended = True
                    return
                self._playing, self._at = _read(self._waiting.popleft(), self._plan), 0
            piece = self._playing[self._at : self._at + reached - self._position]
            yield Chunk(self._position, piece, clock - (reached - self._position - len(piece)) / self.rate)
            self._at += len(piece)
            self._position += len(piece)

    def place(self, part_id: str, index: int) -> int | None:
        """Answer `index`: a stream is heard as it is, whatever part is said to pass."""
        del part_id
        return index

    def close(self) -> None:
        """Let go of the file being played."""
        self._playing = self._playing[:0]
        self._pace = None


def _listed(plan: SourcePlan) -> list[Path]:
    path = Path(plan.path)
    if not path.exists():
        raise SourceFault(f"{path}: there is no such file or folder; wanted recordings; set path")
    try:
        return [found.path for found in recordings_in([path])]
    except SoundFileError as fault:
        raise SourceFault(str(fault)) from fault


def _by_stem(plan: SourcePlan) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in _listed(plan):
        if path.stem in files:
            raise SourceFault(
                f"{plan.path}: found PartId {path.stem} twice ({files[path.stem]} and {path}); "
                f"wanted one file a PartId; rename one of them or name the narrower folder"
            )
        files[path.stem] = path
    return files


def _read(path: Path, plan: SourcePlan, seconds_max: float | None = None) -> NDArray[np.float32]:
    """Read a file, shape (n, plan.channels); NaN and infinity stay, for the judge to say so."""
    try:
        recording = read_recording(path)
    except SoundFileError as fault:
        raise SourceFault(str(fault)) from fault
    if recording.rate != plan.rate:
        raise SourceFault(
            f"{path}: found {recording.rate} samples a second; wanted {plan.rate} as the site file says; "
            f"set rate = {recording.rate} or resample the file"
        )
    samples = recording.samples
    if samples.shape[1] < plan.channels:
        raise SourceFault(
            f"{path}: found {samples.shape[1]} channel(s); wanted channel {plan.channels}; "
            f"set channel to 1..{samples.shape[1]}"
        )
    if seconds_max is not None and len(samples) > seconds_max * plan.rate:
        raise SourceFault(
            f"{path}: found {len(samples) / plan.rate:.0f} s of sound; wanted one part of at most {seconds_max:.0f} s; "
            f'cut it, or set play = "stream"'
        )
    return np.ascontiguousarray(samples[:, : plan.channels])
