"""`wheeltapper restore`: a backup becomes a folder again, after every byte of it was checked."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.archive import check_archive, listed, restore_archive, summary
from gateway.cli.output import emit, note, say


def command(
    file: Annotated[Path, typer.Argument(help="What wheeltapper backup wrote.", metavar="FILE.zip")],
    to: Annotated[Path, typer.Option("--to", help="A new folder; nothing is overwritten.", metavar="FOLDER")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What was in it, as one JSON object.")] = False,
) -> None:
    """Verify a backup and put it into a new folder, the whole of it or nothing.

    Point the service to the restored site file, or move its folder to where the old one was. A store of an older
    version is brought up to date at the next start; one of a newer version is refused.
    """
    manifest = check_archive(file) if dry_run else restore_archive(file, to)
    if json:
        emit({**listed(manifest), "restored": not dry_run})
        return
    say(f"{file}: {summary(manifest)}")
    for line in manifest.missing:
        note(f"not in it: {line}")
    if dry_run:
        say(f"every byte is as it was backed up; without --dry-run it would go to {to}")
    else:
        say(f"restored to {to}; next: wheeltapper doctor {to / manifest.site}")
