"""`wheeltapper simulate`: the other sides as programs of their own, so that a line can be rehearsed at a desk."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from connectors.plc.port import Mode
from connectors.simulated.line import API_KEY, Ports, SimulatedLine
from connectors.simulated.plc_modbus import ModbusCallingPlc, ModbusServingPlc
from connectors.simulated.plc_opcua import OpcUaPlcPlan, OpcUaServingPlc
from connectors.simulated.plc_program import PartLog, PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations, SimulatedPlc
from gateway.cli.output import emit, note, say

command = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The other sides of a gateway: a PLC that runs the pass rule, a Maximo, or the whole line of the demo.",
)


MODES = {"automatic": Mode.AUTOMATIC, "teach": Mode.TEACH, "dry-run": Mode.DRY_RUN, "bypass": Mode.BYPASS}


@command.command()
def line(
    opcua: Annotated[int, typer.Option(help="Port of the OPC UA PLC.")] = 4841,
    modbus: Annotated[int, typer.Option(help="Port of the Modbus PLC.")] = 5021,
    maximo: Annotated[int, typer.Option(help="Port of the Maximo.")] = 8081,
    seconds: Annotated[float | None, typer.Option(help="End by itself after so many seconds.", min=1)] = None,
) -> None:
    """Run the PLCs and the Maximo that config/examples/demo.toml names, until Ctrl-C."""
    asyncio.run(_line(Ports(opcua, modbus, maximo), seconds))


async def _line(ports: Ports, seconds: float | None) -> None:
    simulated = SimulatedLine(ports)
    at = await simulated.start()
    say(f"PLC of the castings   {at.opcua}")
    say(f"PLC of the gearmotors {at.modbus} (Modbus TCP)")
    say(f"Maximo                {at.maximo}, API key {API_KEY}")
    _on_signal(simulated.stop_parts)
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, simulated.stop_parts)
    await simulated.run(say)
    await asyncio.sleep(1.0)  # what is on its way goes through the gate
    for name, parts in simulated.report().parts.items():
        passed = sum(part.passed for part in parts)
        say(f"{name}: {len(parts)} parts, {passed} passed, {len(parts) - passed} rejected")
    for order in simulated.report().orders:
        say(f"order {order.number}: {order.description}")
    await simulated.stop()


@command.command()
def plc(
    kind: Annotated[
        str, typer.Option(help="opcua, modbus, or modbus-client (the PLC comes to the gateway).")
    ] = "opcua",
    port: Annotated[int, typer.Option(help="Port to listen on (or, for modbus-client, to call).")] = 4841,
    station: Annotated[str, typer.Option(help="Station of the site file.")] = "ring",
    block: Annotated[int, typer.Option(help="Modbus: number of the station's block.")] = 0,
    parts: Annotated[list[str] | None, typer.Option(help="PartIds, in order; none = P-00001, P-00002, ...")] = None,
    part_type: Annotated[int, typer.Option(help="PartType of every part.")] = 1,
    mode: Annotated[str, typer.Option(help="automatic, teach, dry-run or bypass.")] = "automatic",
    spacing_s: Annotated[float, typer.Option(help="Between two parts.", min=0.02)] = 1.0,
    deadline_s: Annotated[float, typer.Option(help="MyDeadline of the pass rule.", min=0.05)] = 0.6,
    count: Annotated[int, typer.Option(help="So many parts; 0 = until Ctrl-C.", min=0)] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a part.")] = False,
) -> None:
    """Run a PLC with one station: triggers, timers and the pass rule of docs/plc/pass_rule.st."""
    program = PlcProgram(PlcSettings(deadline_s=deadline_s, quiet_s=1.0))
    if mode not in MODES:
        raise typer.BadParameter(f"found {mode}; wanted {', '.join(MODES)}", param_hint="--mode")
    program.mode = MODES[mode]
    stations = PlcStations({station: program})
    makers: dict[str, Callable[[], SimulatedPlc]] = {
        "opcua": lambda: OpcUaServingPlc(stations, OpcUaPlcPlan(port=port)),
        "modbus": lambda: ModbusServingPlc(stations, {station: 64 * block}, port=port),
        "modbus-client": lambda: ModbusCallingPlc(stations, {station: 64 * block}, port),
    }
    if kind not in makers:
        raise typer.BadParameter(f"found {kind}; wanted {', '.join(makers)}", param_hint="--kind")
    asyncio.run(_plc(makers[kind](), program, (parts or [], part_type, spacing_s, count), json=json))


async def _plc(
    simulated: SimulatedPlc, program: PlcProgram, feed: tuple[list[str], int, float, int], *, json: bool
) -> None:
    names, part_type, spacing_s, count = feed
    stop = asyncio.Event()
    _on_signal(stop.set)
    note(f"listening on {await simulated.start()}; Ctrl-C ends it")
    shown = number = 0
    wanted = count or len(names)
    while not stop.is_set() and (not wanted or len(program.log) < wanted):
        if program.armed and (not wanted or number < wanted):
            program.arrive(names[number % len(names)] if names else f"P-{number + 1:05d}", part_type)
            number += 1
        for log in program.log[shown:]:
            _show(log, json=json)
        shown = len(program.log)
        try:
            await asyncio.wait_for(stop.wait(), spacing_s)
        except TimeoutError:
            continue
    for log in program.log[shown:]:
        _show(log, json=json)
    await simulated.stop()


_VERDICTS = ("none", "OK", "NotOK", "NotDecidable")


def _show(log: PartLog, *, json: bool) -> None:
    waited_ms = None if log.result_at is None else round((log.result_at - log.triggered_at) * 1000, 1)
    if json:
        emit({
            "part_id": log.part_id, "sequence": log.sequence, "passed": log.passed, "verdict": _VERDICTS[log.verdict],
            "score": log.score, "quality_code": log.quality_code, "defect_code": log.defect_code,
            "result_ms": waited_ms, "late": log.late, "wrong": log.wrong, "why": log.why,
        })  # fmt: skip
        return
    gate, verdict = "pass" if log.passed else "reject", _VERDICTS[log.verdict]
    say(f"#{log.sequence:<6}{log.part_id:<14}{verdict:<14}{log.score:<8.3g}{gate:<8}{waited_ms or '-'} ms")


@command.command()
def maximo(
    host: Annotated[str, typer.Option(help="Interface.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 = a free one.")] = 8081,
    asset: Annotated[
        list[str] | None, typer.Option(help="An asset it knows; may be repeated; none = PUMP-7 and PUMP-8.")
    ] = None,
) -> None:
    """Run a simulated Maximo until Ctrl-C; every order and request it holds by then is printed at the end."""
    import threading

    from connectors.simulated.maximo import Asset, SimulatedMaximo, SimulatedMaximoSettings, serve

    settings = SimulatedMaximoSettings()
    if asset:
        settings = replace(settings, assets=tuple(Asset(name) for name in asset))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    made: list[SimulatedMaximo] = []

    def ready(simulated: SimulatedMaximo) -> None:
        made.append(simulated)
        known = ", ".join(one.number for one in settings.assets)
        say(f"Maximo listens on {simulated.url}, API key {API_KEY}, site {settings.site}, assets {known}")

    serve(host, port, settings, ready=ready, stop=stop)
    for order in (*made[0].orders, *made[0].requests):
        what = "work order" if order.table == "WORKORDER" else "service request"
        say(f"{what} {order.number}  {order.status}  {order.asset}  {order.description}")


def _on_signal(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
