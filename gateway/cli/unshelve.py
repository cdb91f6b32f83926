"""`wheeltapper unshelve`: an incident may ring again."""

from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out, whole_id
from gateway.cli.stored import SiteOption, StoreOption, store_folder


def command(
    incident: Annotated[str, typer.Argument(help="Its id or the beginning of it, from wheeltapper orders.")],
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Take an incident off the shelf before its time: it rings again, and an order that was held goes its way."""
    folder = store_folder(store, site)
    carry_out("unshelve", whole_id(incident, folder), who, folder, wait_s=wait, as_json=as_json)
