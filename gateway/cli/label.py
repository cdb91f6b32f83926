"""`wheeltapper label`: what a part truly was."""

from enum import StrEnum
from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out
from gateway.cli.output import note
from gateway.cli.stored import SiteOption, StoreOption, store_folder
from gateway.store.kept import KeptPart, KeptReader


class Said(StrEnum):
    """The two words there are."""

    GOOD = "good"
    BAD = "bad"


def command(
    part: Annotated[str, typer.Argument(help="Its id as the PLC gave it, or its sequence number.")],
    said: Annotated[Said, typer.Argument(help="What it truly was.")],
    defect: Annotated[str, typer.Option("--class", metavar="NAME", help="Which defect a bad part has.")] = "",
    new: Annotated[bool, typer.Option("--new", help="The class is new at this station.")] = False,
    station: Annotated[str | None, typer.Option("--station", help="Of this station alone.")] = None,
    number: Annotated[bool, typer.Option("--id", help="PART is the id that parts --json shows.")] = False,
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Tell the running gateway what a part was; its verdict stays as it was told.

    The last label of a part counts, all stay, with the name of who gave it. From labels, wheeltapper propose makes the
    next version of a recipe.
    """
    folder = store_folder(store, site)
    target = _meant(KeptReader(folder), part, station, by_id=number)
    arguments = {"said": said.value, "class": defect.strip(), "new": "yes" if new else ""}
    known = {key: value for key, value in arguments.items() if value}
    carry_out("label", str(target.row.id), who, folder, wait_s=wait, as_json=as_json, arguments=known)


def _meant(reader: KeptReader, part: str, station: str | None, *, by_id: bool) -> KeptPart:
    with reader:
        if by_id:
            one = reader.by_id(int(part)) if part.isascii() and part.isdecimal() and len(part) < 19 else None
            found = [] if one is None else [one]
        else:
            found = reader.named(part, station=station)
    if not found:
        note(f"{part}: no such part in the store; wheeltapper parts shows the last ones")
        raise typer.Exit(1)
    if len({one.row.station for one in found}) > 1:
        note(f"{part}: judged at {' and '.join(sorted(one.row.station for one in found))}; name one: --station")
        raise typer.Exit(1)
    return found[-1]
