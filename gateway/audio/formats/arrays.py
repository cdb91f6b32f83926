"""npy, npz and mat: arrays that other programs saved."""

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.audio.formats import matlab
from gateway.audio.formats.raw import Raw, SoundFileError

MOST_BYTES = 2**31  #: unpacked; a packed file may claim to be far more than it is
RATE_NAMES = ("fs", "sr", "rate", "samplerate", "sample_rate", "sampling_rate")
#: What the readers of NumPy raise at a damaged file; MemoryError where it claims to be enormous.
_DAMAGED = (
    ValueError, TypeError, EOFError, IndexError, KeyError, OSError, MemoryError, NotImplementedError,
    SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
SHORTEST = 64  #: a mat file's arrays shorter than this are settings, not sound


def read_npy(path: Path) -> Raw:
    """Read one array, (n,), (n, channels) or (channels, n): the longer side is time. It does not say its rate."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGED as fault:
        raise SoundFileError(f"{path}: not a readable array of numbers ({_first(fault)}); save it again") from fault
    return Raw(_by_time(path, np.array(array)), None)  # a copy: the file must not stay open


def read_npz(path: Path) -> Raw:
    """Read `x` (n,) or (channels, n), times `scale`, with `fs`, `rpm` and `channels` where they are there."""
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_BYTES:
                raise SoundFileError(f"{path}: more than {MOST_BYTES // 2**20} MB when unpacked; cut it")
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in ("x", "scale", "fs", "rpm", "channels") if name in file.files}
    except _DAMAGED as fault:
        raise SoundFileError(f"{path}: not a readable npz file ({_first(fault)}); save it again") from fault
    if "x" not in held:
        raise SoundFileError(f"{path}: there is no array x in it; wanted x (channels, samples), fs and scale")
    x = held["x"]
    if x.ndim == 3:
        raise SoundFileError(f"{path}: x holds {x.shape[0]} snapshots of their own; save each as a file of its own")
    if x.ndim not in {1, 2} or x.dtype.kind not in "iuf":
        raise SoundFileError(f"{path}: x is {x.dtype} of shape {x.shape}; wanted numbers (channels, samples)")
    x = np.atleast_2d(x)
    scale = np.ravel(held.get("scale", np.ones(1)))
    if scale.dtype.kind not in "iuf" or len(scale) not in {1, len(x)}:
        raise SoundFileError(f"{path}: {len(scale)} scales for {len(x)} channels; wanted one each")
    names = np.ravel(held.get("channels", np.array([], dtype=str)))
    scaled = (x * scale[:, None] if "scale" in held else _full_scale(x)).T
    return Raw(
        np.ascontiguousarray(scaled, np.float32),
        _number(held.get("fs")),
        _number(held.get("rpm")),
        tuple(map(str, names)) if len(names) == len(x) else (),
    )


def read_mat(path: Path) -> Raw:
    """Read every array of one length as a channel, structures included; rate and rpm by their usual names."""
    leaves = matlab.leaves_of(path)
    signals = {name: value for name, value in leaves.items() if value.ndim in {1, 2} and max(value.shape) >= SHORTEST}
    lengths = {max(value.shape) for value in signals.values()}
    if not signals:
        return Raw(np.empty((0, 1), np.float32), None)
    if len(lengths) > 1:
        there = ", ".join(f"{name} ({max(value.shape)})" for name, value in signals.items())
        raise SoundFileError(f"{path}: arrays of different lengths: {there}; save the one to judge alone")
    columns = {name: _by_time(path, value) for name, value in signals.items()}
    names = [
        name if one.shape[1] == 1 else f"{name}[{index}]"
        for name, one in columns.items()
        for index in range(one.shape[1])
    ]
    return Raw(
        np.concatenate(list(columns.values()), axis=1),
        next((_number(value) for name, value in leaves.items() if _last(name) in RATE_NAMES), None),
        next((_number(value) for name, value in leaves.items() if _last(name).endswith("rpm")), None),
        tuple(names),
    )


def _last(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _by_time(path: Path, array: NDArray[Any]) -> NDArray[np.float32]:
    """Bring an array to (n, channels): nobody records more channels than samples, so the longer side is time."""
    if array.dtype.kind not in "iuf" or array.ndim not in {1, 2}:
        raise SoundFileError(f"{path}: {array.dtype} of shape {array.shape}; wanted numbers (samples, channels)")
    upright = array.reshape(-1, 1) if array.ndim == 1 else array if array.shape[0] >= array.shape[1] else array.T
    return np.ascontiguousarray(_full_scale(upright), np.float32)


def _full_scale(array: NDArray[Any]) -> NDArray[Any]:
    """Integers of a converter become +-1; floats stay what they are."""
    if array.dtype.kind == "f":
        return array
    limits = np.iinfo(array.dtype)
    middle = (int(limits.max) + 1) // 2 if array.dtype.kind == "u" else 0
    return (array.astype(np.float64) - middle) / (int(limits.max) + 1 - middle)


def _number(value: NDArray[Any] | None) -> float | None:
    """One finite number, or None: NaN is how a file says that it does not know."""
    if value is None or value.size != 1 or value.dtype.kind not in "iuf":
        return None
    number = float(value.reshape(-1)[0])
    return number if np.isfinite(number) else None


def _first(fault: BaseException) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
