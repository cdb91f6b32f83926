"""Histories of a machine: snapshots or recordings with their times, read into summaries for `analytics.wear`."""

import re
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.wear.indicators import FLOOR_DB, WINDOW_BLOCKS, Blocks, levels_db, peak_db
from analytics.wear.summary import Summary
from gateway.audio.files import SoundFileError, read_recording, recordings_in

STEPS_MOST = 2_000_000  #: summaries in one history: four years of minutes
UNPACKED_MOST = 2**30  #: bytes of an npz
KEYS = ("x", "scale", "fs", "t", "trend", "trend_names", "trend_t", "value", "channels")
#: What NumPy raises at a damaged file; MemoryError where it claims to be enormous.
_DAMAGED = (
    ValueError, TypeError, EOFError, LookupError, OSError, MemoryError, NotImplementedError,
    SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_LOUDEST = 1e12  # in any unit; beyond it, and at NaN, single precision breaks down
_NAME_MOST = 40  # characters of a name a file may bring to the terminal
# 2026-01-31T12-00-05, 20260131_120005, 2004.02.12.10.32.39: year to second, whatever stands between.
_TIME = re.compile(r"(?<!\d)((?:19|20)\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)(?!\d)")


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What was heard of one machine, oldest first.

    Parameters
    ----------
    file
        The npz or the folder.
    indicators
        Their names.
    steps
        One summary a snapshot or recording.
    """

    file: str
    indicators: tuple[str, ...]
    steps: tuple[Summary, ...]


def histories(paths: Sequence[Path], channel: str | None, every_s: float | None, rate: int | None) -> list[History]:
    """Read every history of the paths: each npz with one, each folder of recordings, and loose recordings together.

    Parameters
    ----------
    paths
        Files and folders.
    channel
        Name or number (from 1) of the column or channel; the first, or the customary, where None.
    every_s
        Spacing of recordings whose names hold no time.
    rate
        Samples per second, for recordings that do not say.

    Raises
    ------
    SoundFileError
        One sentence: which, what was found, what was wanted.
    """
    found: list[Path] = []
    loose: list[Path] = []
    for path in paths:
        if not path.exists():
            raise SoundFileError(f"{path}: there is no such file or folder")
        if not path.is_dir():
            (found if holds_history(path) else loose).append(path)
            continue
        kept = [file for file in sorted(path.rglob("*.npz")) if holds_history(file)]
        # A folder of histories may hold a table of contents beside them; one without any is a history itself.
        found += kept or [path]
    told = [
        _of_recordings(path, [one.path for one in recordings_in([path])], channel, every_s, rate)
        if path.is_dir()
        else _of_arrays(path, _arrays(path), channel)
        for path in found
    ]
    return [*told, _of_recordings(loose[0].parent, loose, channel, every_s, rate)] if loose else told


def holds_history(path: Path) -> bool:
    """Tell an npz of many steps from a recording, by the names of its arrays.

    Raises
    ------
    SoundFileError
        An npz cannot be read.
    """
    if path.suffix.lower() != ".npz":
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            names = {name.removesuffix(".npy") for name in packed.namelist()}
        if names & {"trend", "value"} or not {"x", "t"} <= names:
            return bool(names & {"trend", "value"})
        return _arrays(path).get("x", np.empty(0)).ndim == 3  # a recording may bring its times too
    except _DAMAGED as fault:
        raise _unreadable(path, fault) from fault


# ---- npz ------------------------------------------------------------------------------------------------------------


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > UNPACKED_MOST:
                raise SoundFileError(f"{path}: more than {UNPACKED_MOST // 2**20} MB when unpacked; cut it")
        with np.load(path, allow_pickle=False) as file:
            return {name: np.asarray(file[name]) for name in KEYS if name in file.files}
    except _DAMAGED as fault:
        raise _unreadable(path, fault) from fault


def _unreadable(path: Path, fault: Exception) -> SoundFileError:
    what = (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
    return SoundFileError(f"{path}: not a readable npz file ({what}); save it again")


def _of_arrays(path: Path, arrays: dict[str, NDArray[np.generic]], channel: str | None) -> History:
    if "trend" in arrays:
        columns, names = _table(path, arrays, "trend", "trend_names")
        t_s = _times(path, arrays, "trend_t", len(columns))
        # Peak and level of the first axis: late spikes come first, spread damage is steady.
        default = [i for i, name in enumerate(names) if name in {"h_peak", "h_rms"}]
    elif "value" in arrays:
        columns, names = _table(path, arrays, "value", "channels")
        t_s, default = _times(path, arrays, "t", len(columns)), []
    else:
        return _of_snapshots(path, arrays, channel)
    chosen = [_pick(path, names, channel)] if channel is not None else default or [0]
    with np.errstate(divide="ignore", invalid="ignore"):
        level = 20 * np.log10(columns[:, chosen])
    level[~np.isfinite(level)] = np.nan
    steps = tuple(Summary(float(t), tuple(row)) for t, row in zip(t_s, level.tolist(), strict=True))
    return History(path.as_posix(), tuple(names[i] for i in chosen), steps)


def _table(
    path: Path, arrays: dict[str, NDArray[np.generic]], key: str, names_key: str
) -> tuple[NDArray[np.float64], list[str]]:
    table = arrays[key]
    if table.ndim != 2 or table.dtype.kind not in "iuf" or not 0 < len(table) <= STEPS_MOST or not table.shape[1]:
        raise SoundFileError(
            f"{path}: {key} is {table.dtype} of shape {table.shape}; wanted numbers (steps, indicators)"
        )
    return table.astype(np.float64), _names(arrays.get(names_key), table.shape[1])


def _names(given: NDArray[np.generic] | None, n: int) -> list[str]:
    """Take the file's names, fit to be printed, or numbers from 1."""
    names = [] if given is None or given.size != n else [str(name) for name in np.ravel(given)]
    printable = ["".join(c if c.isprintable() else "?" for c in name[:_NAME_MOST]) for name in names]
    return printable or [str(index) for index in range(1, n + 1)]


def _times(path: Path, arrays: dict[str, NDArray[np.generic]], key: str, n: int) -> NDArray[np.float64]:
    t = np.ravel(arrays.get(key, np.empty(0)))
    if t.dtype.kind not in "iuf" or len(t) != n:
        raise SoundFileError(f"{path}: {len(t)} times in {key} for {n} steps; wanted one each, in seconds")
    return t.astype(np.float64)


def _pick(path: Path, names: Sequence[str], channel: str | None) -> int:
    if channel is None:
        return 0
    if channel in names:
        return list(names).index(channel)
    if channel.isdecimal() and 1 <= int(channel) <= len(names):
        return int(channel) - 1
    there = ", ".join(f"{index} {name}" for index, name in enumerate(names, 1))
    raise SoundFileError(f"{path}: there is no channel {channel}; it has {there}")


def _of_snapshots(path: Path, arrays: dict[str, NDArray[np.generic]], channel: str | None) -> History:
    x = arrays["x"]
    if x.ndim != 3 or x.dtype.kind not in "iuf" or not x.size > 0 or len(x) > STEPS_MOST:
        raise SoundFileError(
            f"{path}: x is {x.dtype} of shape {x.shape}; wanted numbers (snapshots, channels, samples)"
        )
    names = _names(arrays.get("channels"), x.shape[1])
    chosen = _pick(path, names, channel)
    scale, fs = np.ravel(arrays.get("scale", np.ones(1))), np.ravel(arrays.get("fs", np.empty(0)))
    if len(scale) not in {1, x.shape[1]} or scale.dtype.kind not in "iuf":
        raise SoundFileError(f"{path}: {len(scale)} scales for {x.shape[1]} channels; wanted one each")
    if len(fs) != 1 or fs.dtype.kind not in "iuf" or not 1_000 <= float(fs[0]) <= 1_000_000:
        raise SoundFileError(f"{path}: fs does not give the samples a second; wanted 1000 to 1000000")
    t_s = _times(path, arrays, "t", len(x))
    factor = float(scale[min(chosen, len(scale) - 1)])
    blocks = Blocks(round(float(fs[0])))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not finite, and said to be
        sounds = (x[:, chosen].astype(np.float64) * factor).astype(np.float32)
    steps = [_summary(float(t), sound, blocks) for t, sound in zip(t_s, sounds, strict=True)]
    return History(path.as_posix(), INDICATORS, tuple(steps))


# ---- recordings -----------------------------------------------------------------------------------------------------

INDICATORS = ("peak", "level")  #: of a recording: median over its windows of 500 ms, dB


def _of_recordings(
    where: Path, files: Sequence[Path], channel: str | None, every_s: float | None, rate: int | None
) -> History:
    """Take recordings in the order of their times, which stand in their names."""
    times = {file: time_in(file.stem) for file in files}
    if every_s is not None:
        timed = [(index * every_s, file) for index, file in enumerate(sorted(files))]
    else:
        lost = next((file for file, time in times.items() if time is None), None)
        if lost is not None:
            raise SoundFileError(
                f"{lost}: its name holds no time; wanted one like 2026-01-31T12-00-00 in each, or --every SECONDS"
            )
        timed = sorted((time, file) for file, time in times.items() if time is not None)
    return History(
        where.as_posix(), INDICATORS, tuple(_heard(t - timed[0][0], file, channel, rate) for t, file in timed)
    )


def time_in(stem: str) -> float | None:
    """Find year to second in a name, s since 1970 as if UTC (only differences count); None = there is none."""
    for found in _TIME.finditer(stem):
        try:
            return datetime(*map(int, found.groups()), tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]
        except ValueError:
            continue
    return None


def _heard(t_s: float, file: Path, channel: str | None, rate: int | None) -> Summary:
    recording = read_recording(file, rate)
    chosen = _pick(file, recording.channel_names, channel)
    return _summary(t_s, np.ascontiguousarray(recording.samples[:, chosen]), Blocks(recording.rate))


def _summary(t_s: float, samples: NDArray[np.float32], blocks: Blocks) -> Summary:
    """Reduce one recording to peak and level: medians over its windows, or over what there is if it is shorter."""
    unknown = (float("nan"),) * len(INDICATORS)
    n = len(samples) // blocks.size
    if not n:
        return Summary(t_s, unknown, excluded="shorter than 50 ms")
    if not (np.abs(samples) < _LOUDEST).all():
        return Summary(t_s, unknown, excluded="the sound is not finite")
    sums = np.array([blocks.reduce(block) for block in samples[: n * blocks.size].reshape(n, -1)])
    windows = [sums[i : i + WINDOW_BLOCKS] for i in range(0, max(1, n - WINDOW_BLOCKS + 1), WINDOW_BLOCKS)]
    peak, level = (float(np.median([of(w) for w in windows])) for of in (peak_db, lambda w: float(levels_db(w)[0])))
    return Summary(t_s, (peak, level), excluded="digital silence" if peak <= FLOOR_DB else "")
