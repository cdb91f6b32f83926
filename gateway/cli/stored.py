"""What the commands on a store share: where it is, and how rows are shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.output import emit, say
from gateway.store.read import ROWS_MAX, Reader

StoreOption = Annotated[Path | None, typer.Option("--store", help="Folder of the store; ./data where none is named.")]
SiteOption = Annotated[Path | None, typer.Option("--site", help="Site file whose store is meant.")]
LastOption = Annotated[int, typer.Option("--last", "-n", min=1, max=ROWS_MAX, help="How many, the newest at the end.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, nothing else.")]
ModelsOption = Annotated[
    Path | None,
    typer.Option("--models", help="Folder of embedding models; else WHEELTAPPER_MODELS, or the user's own."),
]

CELL_MIN, LAST_MIN = 24, 20  #: characters a cell, and one of the last column, keeps however narrow the terminal
PIPE_WIDTH = 200  #: a pipe has no width of its own


def open_store(store: Path | None, site: Path | None) -> Reader:
    """Open the store a person means.

    Raises
    ------
    SiteError
        The site file has faults.
    StoreError
        There is no store, or another version's.
    typer.BadParameter
        Both were named.
    """
    return Reader(store_folder(store, site))


def store_folder(store: Path | None, site: Path | None) -> Path:
    """Give the folder a person means; raises as `open_store` does, but looks at no store."""
    if store is not None and site is not None:
        raise typer.BadParameter("name the store's folder or the site file, not both", param_hint="--store / --site")
    if site is not None:
        # pydantic takes a third of a second to import: only who names a site file waits for it
        from config.load import load

        return Path(load(site).store.folder)
    return store if store is not None else Path("data")


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool, columns: Mapping[str, str], nothing: str) -> None:
    """Write rows to stdout: JSON, or a table of the named columns (key -> heading)."""
    if as_json:
        for row in rows:
            emit(row)
        return
    if not rows:
        say(nothing)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    *heads, last = columns
    least = {key: min(CELL_MIN, max(len(columns[key]), *(len(_cell(key, row[key])) for row in rows))) for key in heads}
    for key in heads:
        table.add_column(columns[key], no_wrap=True, overflow="ellipsis", min_width=least[key])
    table.add_column(columns[last], overflow="fold", min_width=LAST_MIN)
    for row in rows:
        # What was stored came from outside: as plain text, so that no bracket in it is taken for a style.
        table.add_row(*(Text(_cell(key, row[key])) for key in columns))
    console = Console(highlight=False)
    width = console.width if console.is_terminal else PIPE_WIDTH
    # A terminal that is too narrow breaks the lines: cut columns would lose what people came to read.
    needed = sum(least.values()) + 2 * len(heads) + LAST_MIN
    Console(highlight=False, width=max(width, needed)).print(table)


def _cell(key: str, value: object) -> str:
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    text = "".join(c if c.isprintable() else " " for c in str(value))
    return short_time(text) if key in {"wall", "raised_at"} else text


def short_time(iso: str) -> str:
    """Give a stored time to the second, as people write it."""
    return iso[:19].replace("T", " ")
