"""`wheeltapper acknowledge`: a person has seen an incident."""

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
    """Tell the running gateway that somebody has seen an incident and looks after it.

    The name is recorded as it is said. The incident stays open until its alarm has cleared or its order is done.
    """
    folder = store_folder(store, site)
    carry_out("acknowledge", whole_id(incident, folder), who, folder, wait_s=wait, as_json=as_json)
