"""What a command writes: the answer to stdout, everything else to stderr."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import typer


class Step(Protocol):
    """Told how far a long job is."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """So many of so many, and of what."""
        ...


def say(line: str) -> None:
    """One line of the answer, on stdout."""
    typer.echo(line)


def emit(record: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own, on stdout. NaN has no place in JSON and is our bug."""
    typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))


def note(line: str) -> None:
    """One line beside the answer, on stderr."""
    typer.echo(line, err=True)


@contextmanager
def progress() -> Iterator[Step]:
    """Show a bar on stderr while the block lasts; where stderr is no terminal, nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def step(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield step
