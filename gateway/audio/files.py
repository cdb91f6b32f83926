"""Recordings: a file becomes samples, whatever its format, or one sentence that says why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from analytics.signal.capture import SURROUNDINGS_S, Capture
from gateway.audio.formats import SoundFileError, arrays, sound, table
from gateway.audio.formats.raw import Raw

__all__ = [
    "Found",
    "Recording",
    "SoundFileError",
    "at_rate",
    "capture_of",
    "most_common_rate",
    "one_channel",
    "read_recording",
    "recordings_in",
]

READERS = {
    ".wav": sound.read,
    ".flac": sound.read,
    ".mat": arrays.read_mat,
    ".npy": arrays.read_npy,
    ".npz": arrays.read_npz,
    ".csv": table.read,
}
RATES = (1_000, 1_000_000)  #: below, no band of hearing is left; above, a header is damaged
MOST_BYTES = 2**30  #: more than any recording of parts; a larger file is a mistake or an attack on memory


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """The sound of one file.

    Parameters
    ----------
    samples : ndarray, shape (n, channels), float32
        Full scale is +-1 for sound files; the file's own unit for measurements. May hold NaN: judging says so.
    rate
        Samples per second.
    rpm
        Shaft speed where the file says it.
    channel_names
        One per channel.
    path
        The file.
    """

    samples: NDArray[np.float32]
    rate: int
    rpm: float | None
    channel_names: tuple[str, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Found:
    """A recording by name, before it is read.

    `group` says which parts belong together (a shift, a take): the sub-folder it lay in, empty where it lay in none.
    """

    path: Path
    name: str
    group: str


def read_recording(path: Path, rate: int | None = None) -> Recording:
    """Read one recording.

    Parameters
    ----------
    path
        wav, flac, mat, npy, npz or csv.
    rate
        Samples per second, for files that do not say it themselves.

    Raises
    ------
    SoundFileError
        The file is missing, empty, cut off, of another format or without a rate; the message is one sentence.
    """
    reader = READERS.get(path.suffix.lower())
    if not path.is_file():
        raise SoundFileError(f"{path}: there is no such file" if not path.exists() else f"{path}: this is no file")
    if reader is None:
        wanted = ", ".join(sorted(suffix[1:] for suffix in READERS))
        raise SoundFileError(f"{path}: found {path.suffix or 'no extension'}; wanted one of {wanted}")
    try:
        size = path.stat().st_size
        if size == 0:
            raise SoundFileError(f"{path}: the file is empty (0 bytes); record it again")
        if size > MOST_BYTES:
            raise SoundFileError(f"{path}: {size / 2**20:.0f} MB, wanted at most {MOST_BYTES / 2**20:.0f}; cut it")
        raw = reader(path)
    except OSError as fault:
        raise SoundFileError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
    return _checked(path, raw, rate)


def _checked(path: Path, raw: Raw, rate: int | None) -> Recording:
    if raw.samples.size == 0:
        raise SoundFileError(f"{path}: the file holds no samples; record it again")
    # A rate the file gives stands: a rate from the command line is for files that are silent about theirs.
    found = raw.rate if raw.rate is not None else rate
    if found is None:
        raise SoundFileError(f"{path}: the file does not say its rate; give it: --rate SAMPLES_PER_SECOND")
    if not RATES[0] <= found <= RATES[1]:
        raise SoundFileError(f"{path}: found {found:g} samples a second; wanted {RATES[0]} to {RATES[1]}")
    names = raw.channel_names or tuple(str(index + 1) for index in range(raw.samples.shape[1]))
    return Recording(raw.samples, round(found), raw.rpm, names, path)


def one_channel(recording: Recording, channel: int | None = None) -> NDArray[np.float32]:
    """Pick the channel that hears the part, shape (n,).

    Parameters
    ----------
    recording
        Of any number of channels.
    channel
        Counted from 1; may be left out where there is only one.

    Raises
    ------
    SoundFileError
        Several channels and none chosen, or the chosen one is not there.
    """
    count = recording.samples.shape[1]
    there = ", ".join(
        name if name == str(index) else f"{index} ({name})" for index, name in enumerate(recording.channel_names, 1)
    )
    if channel is None and count > 1:
        raise SoundFileError(f"{recording.path}: {count} channels ({there}), wanted one; choose it: --channel 1")
    if channel is not None and not 1 <= channel <= count:
        raise SoundFileError(f"{recording.path}: there is no channel {channel}; it has {there}")
    return np.ascontiguousarray(recording.samples[:, (channel or 1) - 1])


def at_rate(samples: NDArray[np.float32], rate: int, wanted: int, path: Path) -> NDArray[np.float32]:
    """Bring samples, shape (n,), down to the rate of a recipe; same array where it is that rate already.

    Raises
    ------
    SoundFileError
        The rate is lower than wanted: what is above half of it was never recorded and cannot be made.
    """
    if rate == wanted:
        return samples
    if rate < wanted:
        raise SoundFileError(
            f"{path}: {rate} samples a second, wanted {wanted}: the upper bands were never recorded; "
            f"record at {wanted} or more, or teach a recipe at {rate}"
        )
    if not np.isfinite(samples).all():
        # A filter would smear one NaN over its whole length or lose it; what is not finite is not judged anyway.
        return np.full(max(1, len(samples) * wanted // rate), np.nan, np.float32)
    return np.asarray(soxr.resample(samples, rate, wanted, quality="HQ"), np.float32)


def most_common_rate(recordings: Sequence[Recording]) -> int:
    """Say the rate most recordings have; of equally common ones the lower, which the others can be brought down to."""
    counts = Counter(recording.rate for recording in recordings)
    return min(counts, key=lambda rate: (-counts[rate], rate))


def recordings_in(paths: Sequence[Path]) -> list[Found]:
    """List the recordings of files and folders, folders in sorted order.

    A sub-folder of a folder is a group (one shift, one take, one day). Where several folders are given, each of them
    is a group as well.

    Raises
    ------
    SoundFileError
        A path does not exist, or a folder holds no recording.
    """
    several = sum(path.is_dir() for path in paths) > 1
    found: dict[Path, Found] = {}
    for path in paths:
        for one in _inside(path, several) if path.is_dir() else [Found(path, path.as_posix(), "")]:
            found.setdefault(one.path.resolve(), one)  # given twice, taught once
    return list(found.values())


def _inside(folder: Path, several: bool) -> list[Found]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    if not files:
        others = sorted({path.suffix.lower() for path in folder.rglob("*") if path.suffix and path.is_file()})
        found_else = f" (found {', '.join(others[:5])})" if others else ""
        wanted = ", ".join(sorted(READERS))
        raise SoundFileError(f"{folder}: no recording in this folder{found_else}; wanted {wanted}")
    found = []
    for path in files:
        parent = path.relative_to(folder).parent.as_posix()
        group = parent if parent != "." else (folder.name if several else "")
        found.append(Found(path, path.as_posix(), group))
    return found


def capture_of(
    samples: NDArray[np.float32], rate: int, surroundings: bool, ambient: NDArray[np.float32] | None = None
) -> Capture:
    """Take a recording, shape (n,), for one part.

    Parameters
    ----------
    samples, rate
        Of one channel, at the rate of the recipe.
    surroundings
        True where the recording holds 100 ms before and after the part, as the clips kept by the gateway do; else the
        part is the whole of it, and disturbance around it cannot be looked for.
    ambient
        What the ambient microphone heard meanwhile, as long as `samples`.
    """
    kept = round(SURROUNDINGS_S * rate) if surroundings and len(samples) > 2 * round(SURROUNDINGS_S * rate) else 0
    return Capture(samples, rate, kept, len(samples) - kept, before=kept > 0, after=kept > 0, ambient=ambient)
