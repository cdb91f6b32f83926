"""Commands that ask one thing of the running gateway, about one station or one incident, and nothing else."""

from collections.abc import Callable
from typing import Annotated

import typer

from gateway.cli.asked import WAIT_S, AskJsonOption, WaitOption, WhoOption, carry_out, whole_id
from gateway.cli.stored import SiteOption, StoreOption, store_folder
from gateway.serve.asks import Name

StationArgument = Annotated[str, typer.Argument(help="Name of the station in the site file.")]
IncidentArgument = Annotated[str, typer.Argument(help="Its id or the beginning of it, from wheeltapper orders.")]


def of_station(name: Name, told: str) -> Callable[..., None]:
    """Give the command `name` of a station; `told` is its help."""

    def command(
        station: StationArgument,
        who: WhoOption = "",
        site: SiteOption = None,
        store: StoreOption = None,
        wait: WaitOption = WAIT_S,
        as_json: AskJsonOption = False,
    ) -> None:
        carry_out(name, station, who, store_folder(store, site), wait_s=wait, as_json=as_json)

    command.__doc__ = told
    return command


def of_incident(name: Name, told: str) -> Callable[..., None]:
    """Give the command `name` of an incident; `told` is its help."""

    def command(
        incident: IncidentArgument,
        who: WhoOption = "",
        site: SiteOption = None,
        store: StoreOption = None,
        wait: WaitOption = WAIT_S,
        as_json: AskJsonOption = False,
    ) -> None:
        folder = store_folder(store, site)
        carry_out(name, whole_id(incident, folder), who, folder, wait_s=wait, as_json=as_json)

    command.__doc__ = told
    return command
