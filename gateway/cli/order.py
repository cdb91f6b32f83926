"""`wheeltapper order`: a person wants the order that the rules withheld."""

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
    """Ask the running gateway for the order of an incident, whatever the weekly caps say.

    It is refused where the incident has an order already, has ended, or its station has no CMMS. That it is queued
    does not say that the CMMS has it: wheeltapper orders does.
    """
    folder = store_folder(store, site)
    carry_out("order", whole_id(incident, folder), who, folder, wait_s=wait, as_json=as_json)
