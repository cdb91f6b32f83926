"""csv: one row a sample, one column a channel; a header and a column of time may be there."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.audio.formats.raw import Raw, SoundFileError

MOST_BYTES = 2**28  #: text takes ten bytes a number or more
TIME_NAMES = {"t", "time", "time_s", "seconds", "zeit"}


def read(path: Path) -> Raw:
    """Read a table of numbers; a column named time gives the rate."""
    if path.stat().st_size > MOST_BYTES:
        raise SoundFileError(f"{path}: larger than {MOST_BYTES // 2**20} MB of text; save it as npy or wav")
    try:
        lines = [line for line in path.read_text("utf-8-sig").splitlines() if line.strip() and line[0] != "#"]
    except UnicodeDecodeError as fault:
        raise SoundFileError(f"{path}: not a text file (byte {fault.start}); wanted rows of numbers") from fault
    if not lines:
        return Raw(np.empty((0, 1), np.float32), None)
    separator = next((mark for mark in ";\t," if mark in lines[0]), None)
    # Where ; parts the columns, the comma is a decimal comma.
    cells = [
        [cell.strip() for cell in (line.replace(",", ".") if separator == ";" else line).split(separator)]
        for line in lines
    ]
    names: list[str] = [] if all(_is_number(cell) for cell in cells[0]) else cells.pop(0)
    values = _numbers(path, cells, first_row=len(lines) - len(cells) + 1)
    if names and len(values) and names[0].lower() in TIME_NAMES:
        rate = _rate(path, values[:, 0])
        return Raw(values[:, 1:].astype(np.float32), rate, channel_names=tuple(names[1:]))
    return Raw(values.astype(np.float32), None, channel_names=tuple(names))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(path: Path, cells: list[list[str]], first_row: int) -> NDArray[np.float64]:
    width = len(cells[0]) if cells else 1
    for row, line in enumerate(cells, first_row):
        if len(line) != width or not all(map(_is_number, line)):
            raise SoundFileError(f"{path}: row {row} is not {width} numbers; wanted one row a sample")
    return np.array(cells, np.float64).reshape(-1, width)


def _rate(path: Path, time_s: NDArray[np.float64]) -> float | None:
    """Find the samples per second of a column of time; the steps must be even, or the rows are no signal."""
    if len(time_s) < 2:
        return None
    steps = np.diff(time_s)
    middle = float(np.median(steps))
    # Half a step of jitter is the rounding of printed times; more is a hole or a clock that jumped.
    if not middle > 0 or not bool(np.all(np.abs(steps - middle) <= middle / 2)):
        raise SoundFileError(f"{path}: its time column does not rise in even steps; wanted one row a sample")
    return (len(time_s) - 1) / float(time_s[-1] - time_s[0])
