"""`wheeltapper window`: maintenance at a station, during which nothing it hears is an alarm."""

from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out
from gateway.cli.stored import SiteOption, StoreOption, store_folder


def command(
    station: Annotated[str, typer.Argument(help="Name of the station in the site file.")],
    span: Annotated[str, typer.Option("--for", metavar="TIME", help="As 30min, 8h or 2d; 7d at most.")] = "",
    over: Annotated[bool, typer.Option("--over", help="Maintenance is over, before its time.")] = False,
    who: WhoOption = "",
    site: SiteOption = None,
    store: StoreOption = None,
    wait: WaitOption = WAIT_S,
    as_json: AskJsonOption = False,
) -> None:
    """Tell the running gateway that a station is under maintenance: no new incident, no order, nobody is rung.

    What it hears is stored all the same, and is an incident if it is heard still when the time is over. Verdicts on
    parts go on. A machine that was worked on and sounds different for good wants wheeltapper maintenance-done besides.
    """
    if bool(span) == over:
        raise typer.BadParameter("give either --for TIME or --over")
    folder = store_folder(store, site)
    if over:
        carry_out("window-over", station, who, folder, wait_s=wait, as_json=as_json)
    else:
        carry_out("window", station, who, folder, wait_s=wait, as_json=as_json, arguments={"for": span})
