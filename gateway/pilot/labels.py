"""The truth about parts, as people write it down: a table with a column of parts and one of labels."""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMES = ("file", "part", "part_id")  #: columns that say which part is meant, the first one found
GOOD = ("good", "ok", "normal", "healthy")
_SHOWN = 10  #: faults, at most
_MOST_BYTES = 64 * 2**20


class LabelsError(Exception):
    """The labels cannot be used; one sentence a fault."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of one part.

    Parameters
    ----------
    name
        The part's id, or its recording's file name relative to the folder.
    label
        As it was written.
    bad
        Not a good part.
    part
        The part itself: the `repeat_of` column where the same part was heard again, else `name`.
    group
        What it is a copy of; empty where it stands alone.
    appraiser
        Who judged: a shift, a station; empty where the table does not say.
    by
        The values of the columns that rates are wanted by.
    """

    name: str
    label: str
    bad: bool
    part: str
    group: str
    appraiser: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns mean what, beside those found by their name."""

    good: tuple[str, ...] = GOOD
    group: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """A table of labels and its hash."""

    rows: tuple[Label, ...]
    sha256: str


def read_labels(path: Path, columns: Columns) -> Labels:
    """Read a table (CSV; comma, semicolon or tab).

    Raises
    ------
    LabelsError
        All faults at once.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise LabelsError(f"{path}: more than {_MOST_BYTES // 2**20} MB; wanted a table of labels")
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as fault:
        raise LabelsError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
    except UnicodeDecodeError:
        raise LabelsError(f"{path}: is no text in UTF-8; save the table as CSV UTF-8") from None
    head = text.partition("\n")[0]
    table = csv.DictReader(text.splitlines(), delimiter=max(",;\t", key=head.count))
    there = [name for name in (table.fieldnames or []) if name]
    key = next((name for name in NAMES if name in there), None)
    if key is None or "label" not in there:
        found = ", ".join(there) or "none"
        raise LabelsError(f"{path}: found columns {found}; wanted label and one of {', '.join(NAMES)}")
    missing = [name for name in (*columns.group, *columns.by) if name not in there]
    if missing:
        raise LabelsError(f"{path}: there is no column {', '.join(missing)}; it has {', '.join(there)}")
    rows = _rows(path, list(table), key, columns)
    return Labels(rows, hashlib.sha256(raw).hexdigest())


def _rows(path: Path, table: Sequence[dict[str, str | None]], key: str, columns: Columns) -> tuple[Label, ...]:
    rows: dict[str, Label] = {}
    faults = []
    for number, row in enumerate(table, 2):
        label = _label(row, key, columns)
        if not label.name or not label.label:
            faults.append(f"{path}, line {number}: {key} or label is empty; wanted both")
        elif label.name in rows and rows[label.name] != label:
            faults.append(f"{path}, line {number}: {label.name} stands twice with different words; wanted one")
        rows.setdefault(label.name, label)
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise LabelsError("\n".join([*faults[:_SHOWN], *more]))
    if not rows:
        raise LabelsError(f"{path}: holds no label")
    if all(row.bad for row in rows.values()):
        words = ", ".join(sorted({row.label for row in rows.values()})[:_SHOWN])
        raise LabelsError(f"{path}: no part in it is good; its labels are {words}: name the good one, --good LABEL")
    return tuple(rows.values())


def _label(row: dict[str, str | None], key: str, columns: Columns) -> Label:
    def value(name: str) -> str:
        return (row.get(name) or "").strip()

    name, label = value(key), value("label")
    group = columns.group or (("group",) if value("group") else ())
    return Label(
        name,
        label,
        label.casefold() not in {word.casefold() for word in columns.good},
        value("repeat_of") or name,
        "/".join(value(column) for column in group) if group else "",
        value("appraiser"),
        tuple(value(column) for column in columns.by),
    )
