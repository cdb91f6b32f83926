"""The evidence folder: clips and pictures under a byte budget, oldest out first."""

import os
import shutil
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

FOLDER = "evidence"  #: in the folder of the store

# Below this, new evidence is refused so that the records, a few kB a minute, still have room for days.
FREE_BYTES_MIN = 256 * 2**20


class EvidenceFault(Exception):
    """A piece of evidence could not be kept; the record it belongs to stands. One sentence."""


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk a folder lies on; 0 where it cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


class Evidence:
    """Files named by a running number, because a wall clock may jump and the oldest must still go first.

    Parameters
    ----------
    folder
        Made where it is missing. Files of other names in it are neither counted nor removed.
    budget_bytes
        All evidence together stays at or below this.
    free
        How many bytes the disk has left; injected so that a test can fill the disk.
    """

    def __init__(self, folder: Path, budget_bytes: int, free: Callable[[Path], int] = free_bytes) -> None:
        self.folder = folder
        self._budget = budget_bytes
        self._free = free
        self._lock = threading.Lock()  # the ledger keeps clips, its painter pictures
        self._files: deque[tuple[str, int]] = deque()
        self._next = 1
        self.bytes = 0
        self._known = False
        try:
            self._look_over()
        except OSError:
            self._known = False  # tried again, and said, when there is something to keep

    def keep_clip(self, name: str, samples: NDArray[np.float32], rate: int) -> str:
        """Keep sound, bit for bit: as FLAC where its samples are those of a 16 or 24 bit converter, else as float WAV.

        Parameters
        ----------
        name
            For people, becomes part of the file's name.
        samples
            (n,) or (n, channels) float32, full scale +-1.
        rate
            Hz.

        Returns
        -------
        str
            The file's name in the folder.

        Raises
        ------
        EvidenceFault
            Disk full, or not writable; nothing half-written is left.
        """

        def write(path: Path) -> None:
            soundfile.write(path, whole, rate, format=kind, subtype=subtype)

        whole, kind, subtype = _lossless(samples)
        return self._keep(f"{name}.{kind.lower()}", write)

    def keep_picture(self, name: str, png: bytes) -> str:
        """Keep a picture; as `keep_clip`."""

        def write(path: Path) -> None:
            path.write_bytes(png)

        return self._keep(f"{name}.png", write)

    def read(self, name: str) -> bytes | None:
        """Content of a piece of evidence; None where the budget has taken it."""
        try:
            return (self.folder / Path(name).name).read_bytes()
        except OSError:
            return None

    def give_way(self, bytes_wanted: int) -> int:
        """Remove the oldest evidence to make room for records; gives the bytes freed."""
        freed = 0
        with self._lock:
            while freed < bytes_wanted and (size := self._remove_oldest()) is not None:
                freed += size
        return freed

    def _keep(self, tail: str, write: Callable[[Path], None]) -> str:
        with self._lock:
            return self._write(tail, write)

    def _look_over(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for torn in self.folder.glob("*.part"):
            torn.unlink()  # half a file from before a power cut
        found = sorted((number, path) for path in self.folder.iterdir() if (number := _number(path.name)) is not None)
        self._files = deque((path.name, path.stat().st_size) for _, path in found)
        self._next = found[-1][0] + 1 if found else 1
        self.bytes = sum(size for _, size in self._files)
        self._known = True
        self._trim()

    def _write(self, tail: str, write: Callable[[Path], None]) -> str:
        if (left := self._free(self.folder)) < FREE_BYTES_MIN:
            raise EvidenceFault(
                f"{self.folder}: {left / 2**20:.0f} MB free, evidence wants {FREE_BYTES_MIN // 2**20} MB;"
                " make room on the disk"
            )
        try:
            if not self._known:
                self._look_over()
        except OSError as error:
            raise EvidenceFault(f"{self.folder}: no evidence can be kept there ({error}); records go on") from error
        name = f"{self._next:012d}-{_safe(tail)}"
        part, path = self.folder / f"{name}.part", self.folder / name
        try:
            write(part)
            os.replace(part, path)
            size = path.stat().st_size
        except (OSError, soundfile.SoundFileError) as error:
            _remove(part)
            raise EvidenceFault(f"{path}: could not be written ({error}); evidence lost, records go on") from error
        self._next += 1
        self._files.append((name, size))
        self.bytes += size
        self._trim()
        return name

    def _trim(self) -> None:
        while self.bytes > self._budget and self._remove_oldest() is not None:
            continue

    def _remove_oldest(self) -> int | None:
        """Remove one file; gives its size, None where there is none or it is held open (Windows) and must wait."""
        if not self._files:
            return None
        name, size = self._files[0]
        if not _remove(self.folder / name):
            return None
        self._files.popleft()
        self.bytes -= size
        return size


def _lossless(samples: NDArray[np.float32]) -> tuple[NDArray[Any], str, str]:
    """Give samples, format and subtype that read back as the very same float32.

    Readers divide PCM by 2^15 or 2^23, which float32 holds exactly; what is not such a multiple (sound that was
    resampled or mixed, NaN, minus zero) is kept as the float it is.
    """
    if len(samples) and not np.signbit(samples[samples == 0]).any():  # libsndfile opens no empty FLAC
        for bits, subtype, kind, shift in ((16, "PCM_16", np.int16, 0), (24, "PCM_24", np.int32, 8)):
            steps = samples.astype(np.float64) * 2 ** (bits - 1)
            if ((steps == np.rint(steps)) & (steps >= -(2 ** (bits - 1))) & (steps < 2 ** (bits - 1))).all():
                return steps.astype(kind) << shift, "FLAC", subtype
    return samples, "WAV", "FLOAT"


def _remove(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _number(name: str) -> int | None:
    head = name.partition("-")[0]
    return int(head) if len(head) == 12 and head.isascii() and head.isdigit() else None


def _safe(name: str) -> str:
    # Part ids come from a PLC: no path, no dot but the last, nothing a file system could read otherwise.
    stem, _, ending = name.rpartition(".")
    clean = "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "_" for c in stem)
    return f"{clean[:80]}.{ending}"
