"""`wheeltapper maintenance-done`: a machine was worked on, and sounds different for good."""

from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out
from gateway.cli.stored import SiteOption, StoreOption, store_folder


def command(
    station: Annotated[str, typer.Argument(help="Name of the station in the site file.")],
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Tell the running gateway that a machine was worked on: it learns its normal sound anew.

    Until that is learned the machine is not judged. Say it when the machine runs as it should, never to silence an
    alarm: a fault that is there would be learned as normal.
    """
    carry_out("maintenance-done", station, who, store_folder(store, site), wait_s=wait, as_json=as_json)
