"""`wheeltapper accept-sound`: what a station's microphone hears has changed for good, and nothing is wrong with it."""

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
    """Tell the running gateway that what a microphone hears now is normal: a new neighbour, another microphone.

    Its warning ends, parts are judged again, and its normal is learned anew over half a minute; what was normal before
    stays so. Look at the microphone first: a cap or a loose cable would be learned as normal.
    """
    carry_out("accept-sound", station, who, store_folder(store, site), wait_s=wait, as_json=as_json)
