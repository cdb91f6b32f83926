"""`wheeltapper activate`: a person puts a version of a recipe to use, while the gateway runs."""

from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out
from gateway.cli.stored import SiteOption, StoreOption, store_folder


def command(
    station: Annotated[str, typer.Argument(help="Station whose recipe is meant.")],
    version: Annotated[str, typer.Argument(help="Number of the version, or before: one step back.")],
    part_type: Annotated[int | None, typer.Option("--type", min=0, help="PartType, where it judges several.")] = None,
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Have the running gateway judge by another version of a recipe from the next part on, and after every start.

    Who did it stands in the audit trail and beside the recipe. "before" goes back to the version from which the one in
    use was made.
    """
    arguments = {"version": version} | ({} if part_type is None else {"type": str(part_type)})
    folder = store_folder(store, site)
    carry_out("activate", station, who, folder, wait_s=wait, as_json=as_json, arguments=arguments)
