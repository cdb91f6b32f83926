"""`wheeltapper propose`: the next version of a recipe, from labels."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out
from gateway.cli.output import emit, note, say
from gateway.cli.stored import SiteOption, StoreOption, store_folder
from gateway.store.kept import KeptReader
from gateway.store.labels import ProposalRow, proposals

MADE_WITHIN_S = 120.0  #: hundreds of parts take seconds; a busy PC puts those that judge first
_LOOK_S = 0.2


def command(
    station: Annotated[str, typer.Argument(help="Station whose recipe is meant.")],
    part_type: Annotated[int | None, typer.Option("--type", min=0, help="PartType, where it judges several.")] = None,
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Have the running gateway make the next version of a recipe from what people said of its parts.

    From the earlier labels it learns; on the later ones the version in use and the next one stand side by side. A
    version that does worse, or labels that cannot be believed, are refused with the figures: exit code 1. A proposed
    version judges nothing until a person says so: wheeltapper activate.
    """
    folder = store_folder(store, site)
    reader = KeptReader(folder)
    with reader:
        seen = max((one.id for one in proposals(reader.db, 1, station)), default=0)
    arguments = {} if part_type is None else {"type": str(part_type)}
    carry_out("propose", station, who, folder, wait_s=wait, as_json=as_json, arguments=arguments)
    made = _awaited(folder, station, seen)
    if made is None:
        note(f"nothing came of it within {MADE_WITHIN_S:.0f} s; wheeltapper events shows it when it does")
        raise typer.Exit(1)
    if as_json:
        emit(record(made))
    else:
        for line in lines(made):
            say(line)
    if made.version is None:
        raise typer.Exit(1)


def lines(made: ProposalRow) -> list[str]:
    """Say what came of it."""
    figures = made.figures
    said = [made.sentence]
    before, after = figures.get("before"), figures.get("after")
    if before and after:
        said.append(f"{'on held-out labelled parts':<28} {'in use':>8} {'next':>8}")
        for word, of, key in (("false rejects", "good", "false_rejects"), ("missed defects", "bad", "missed")):
            said.append(f"  {f'{word}, of {before[of]}':<26} {before[key]:>8} {after[key]:>8}")
        said += [f"  judged rightly now   {name}" for name in figures.get("better", ())]
        said += [f"  judged wrongly now   {name}" for name in figures.get("worse", ())]
    if made.version is not None:
        said.append(f"put it to use: wheeltapper activate {made.station} {made.version} --type {made.part_type}")
    return said


def record(made: ProposalRow) -> dict[str, Any]:
    """Say the same for programs."""
    return {
        "station": made.station,
        "type": made.part_type,
        "version": made.version,
        "based_on": made.based_on,
        "sentence": made.sentence,
        "figures": dict(made.figures),
    }


def _awaited(folder: Path, station: str, seen: int) -> ProposalRow | None:
    by = time.monotonic() + MADE_WITHIN_S
    while time.monotonic() < by:
        with KeptReader(folder) as reader:
            found = proposals(reader.db, 1, station, seen)
        if found:
            return found[0]
        time.sleep(_LOOK_S)
    return None
