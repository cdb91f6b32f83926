"""`wheeltapper shelve`: quiet for one incident, for a time."""

from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out, whole_id
from gateway.cli.stored import SiteOption, StoreOption, store_folder


def command(
    incident: Annotated[str, typer.Argument(help="Its id or the beginning of it, from wheeltapper orders.")],
    span: Annotated[str, typer.Option("--for", metavar="TIME", help="As 30min, 8h or 2d; 7d at most.")],
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Have the running gateway keep an incident from people for a time: it rings nobody and opens no order.

    It is heard and stored all the same, and rings again when the time is over. wheeltapper unshelve ends it before.
    """
    folder = store_folder(store, site)
    target = whole_id(incident, folder)
    carry_out("shelve", target, who, folder, wait_s=wait, as_json=as_json, arguments={"for": span})
