"""`wheeltapper alarms`: how much people are rung and by what; and what a route would say, before it has to."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.output import emit, note, say
from gateway.cli.stored import JsonOption, SiteOption, StoreOption, open_store, show
from gateway.processes.budget import ACCEPTABLE, Load
from gateway.store.alarm_load import loads, offenders

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True)

LOADS = {
    "channel": "channel",
    "rings": "rings",
    "mean_in_10_min": "mean in 10 min",
    "most_in_10_min": "most in 10 min",
    "over_percent": "slots over 1, %",
    "floods": "floods",
    "verdict": "ISA-18.2",
}
OFFENDERS = {
    "rings": "rings",
    "share_percent": "share %",
    "incidents": "incidents",
    "episodes": "episodes",
    "kept_back": "kept back",
    "what": "what",
    "station": "where",
}

HoursOption = Annotated[float, typer.Option("--hours", min=0.2, max=8784, help="How far to look back.")]
OperatorsOption = Annotated[
    int | None,
    typer.Option("--operators", min=1, max=100, help="How many share a channel; else what the site file says, or 1."),
]
MostOption = Annotated[int, typer.Option("--most", "-n", min=1, max=100, help="How many of the worst.")]


@command.callback()
def alarms(
    context: typer.Context,
    store: StoreOption = None,
    site: SiteOption = None,
    hours: HoursOption = 24.0,
    most: MostOption = 10,
    operators: OperatorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how often each channel was rung against one alarm in ten minutes, and what rang most.

    Rates are for each of the operators who share a channel; "panel" is whoever reads alarms off tags or the page. Ten
    to twenty causes often make most of the load: they are named, with the episodes that grouping kept from ringing.
    """
    if context.invoked_subcommand is not None:
        return
    until = datetime.now(UTC)
    since = until - timedelta(hours=hours)
    with open_store(store, site) as reader:
        sharing = operators if operators is not None else _operators(site)
        measured = loads(reader.db, since, until, sharing)
        worst = offenders(reader.db, since, most)
    rows = [_load(load) for load in measured]
    causes = [{**asdict(one), "share_percent": round(100 * one.share, 1)} for one in worst]
    if as_json:
        span = {"since": since.isoformat(), "until": until.isoformat()}
        emit({**span, "budget_in_10_min": ACCEPTABLE, "operators": sharing})
        for row in rows:
            emit({"channel": row})
        for cause in causes:
            emit({"offender": cause})
        return
    show(rows, as_json=False, columns=LOADS, nothing=f"nobody was rung in the last {hours:g} h")
    if causes:
        say("")
        show(causes, as_json=False, columns=OFFENDERS, nothing="")


def _operators(site: Path | None) -> int:
    if site is None:
        return 1
    from config.load import load

    return load(site).alerts.operators


def _load(load: Load) -> dict[str, Any]:
    verdict = "acceptable" if load.acceptable else "over: see what rings most"
    return {**asdict(load), "over_percent": round(100 * load.over, 1), "verdict": verdict}


@command.command("test")
def try_route(
    route: Annotated[str, typer.Argument(help="Name of a [[route]].", metavar="ROUTE")],
    site: Annotated[Path, typer.Option("--site", help="The site file.")],
    send: Annotated[bool, typer.Option("--send", help="Really send it, marked as a test, and close it again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say which stations a route takes, whom it tells, and in which words; nobody is told without --send.

    Exit code 1 where a channel does not take the message.
    """
    # pydantic and the connectors take their time to import: only who asks for it waits
    from gateway.wiring.build import load_site
    from gateway.wiring.rehearsal import rehearse

    loaded = load_site(site)
    if route not in {one.name for one in loaded.route}:
        known = ", ".join(one.name for one in loaded.route) or "none"
        raise typer.BadParameter(f"found {route!r}; wanted the name of a [[route]]: {known}", param_hint="ROUTE")
    well = True
    for line in rehearse(loaded, route, send=send):
        well &= line.ok
        if as_json:
            emit(asdict(line))
        else:
            say(f"{'ok   ' if line.ok else 'FAULT'} {line.what}: {line.sentence}")
    if not send and not as_json:
        note("Nobody was told. With --send each channel is told once, marked as a test.")
    if not well:
        raise typer.Exit(1)
