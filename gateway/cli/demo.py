"""`wheeltapper demo`: a small plant at real speed, with the truth at the end.

Three programs, as in a plant: the line (PLCs and Maximo), the gateway with its own processes, and this one, which shows
the table and joins store and PLC with the truth when it is over. The gateway never holds the truth.
"""

import json as json_module
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated

import typer

from connectors.simulated.line import API_KEY, Addresses, LineReport
from gateway.cli.demo_summary import Timeline, Usage, summarise
from gateway.cli.demo_table import live_table
from gateway.cli.output import note, say
from gateway.processes.channel import Channel, ChannelClosed
from gateway.processes.messages import Stop
from gateway.processes.snapshot import Snapshot

PAGE_PORT = 8080
SEED = 7  #: of the simulated sound, as in config/examples/demo.toml
START_S = 30.0  #: for a process to say that it stands, on a slow machine
GATE_S = 1.5  #: for the parts on their way to reach their gate


def command(
    seconds: Annotated[float | None, typer.Option(help="End by itself after so many seconds.", min=5)] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep site file, store and recipes in this new folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary alone, as JSON.")] = False,
) -> None:
    """Run a small plant with known truth, until Ctrl-C or for so many seconds.

    A ring test of castings over OPC UA, a gearmotor test over Modbus TCP, a pump whose bearing begins to fail after
    20 s, and a Maximo that receives one work order. Exit code 0 only where the summary holds.
    """
    with ExitStack() as stack:
        folder = _folder(keep, stack)
        with live_table(quiet=json) as show:
            demo = Demo(folder, stack)
            if not json:
                note(f"page: {demo.page}")
            timeline = demo.run(seconds, show)
        summary = summarise(timeline, demo.report(), folder / "data", SEED)
    if json:
        say(json_module.dumps(summary.record(), indent=2))
    else:
        for line in summary.lines():
            say(line)
        say(
            f"\nEverything it stored is in {folder}."
            if keep
            else "\nKeep what it stored: wheeltapper demo --keep FOLDER."
        )
        say("Next: wheeltapper teach --help, or wire it to your line: README.md.")
    if not summary.holds:
        raise typer.Exit(1)


def _folder(keep: Path | None, stack: ExitStack) -> Path:
    if keep is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wheeltapper-demo-")))
    if keep.exists() and any(keep.iterdir()):
        note(f"{keep} is not empty; wanted a new folder, so that no earlier run is mixed in")
        raise typer.Exit(1)
    keep.mkdir(parents=True, exist_ok=True)
    return keep.resolve()


class Demo:
    """The two other programs and how they are ended."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._context = multiprocessing.get_context("spawn")
        self._pids: dict[str, int] = {}
        self._line = self._start("line", _line)
        addresses = self._line.poll(START_S) and self._line.recv()
        if not isinstance(addresses, Addresses):
            raise typer.Exit(1)
        self.page = _free_page()
        self._site = _site_file(folder, addresses, self.page)
        self._report: LineReport | None = None

    def run(self, seconds: float | None, show: Callable[[Snapshot], None]) -> Timeline:
        """Show the table until Ctrl-C or the time is over, then end both programs in order."""
        os.environ["WHEELTAPPER_DEMO_KEY"] = API_KEY
        gateway = Channel(self._start("gateway", _gateway, str(self._site)), "gateway")
        told = _Interrupt()
        timeline = Timeline(time.monotonic())
        while timeline.newest is None and not told:
            self._hear(gateway, timeline)
        timeline.began = time.monotonic()  # the gateway runs: every second is counted from here
        until = float("inf") if seconds is None else timeline.began + seconds
        while time.monotonic() < until and not told:
            self._hear(gateway, timeline)
            if timeline.newest is not None:
                show(timeline.newest)
        self._line.send("stop parts")
        self._listen(gateway, timeline, GATE_S)
        timeline.usage = Usage.of(self._pids["gateway"], time.monotonic() - timeline.began)
        gateway.send(Stop())
        self._listen(gateway, timeline, START_S)
        self._line.send("report")
        self._report = self._line.recv()
        timeline.ended = time.monotonic()
        return timeline

    def report(self) -> LineReport:
        """Say what the line saw."""
        assert self._report is not None
        return self._report

    def _hear(self, gateway: Channel, timeline: Timeline) -> None:
        for message in gateway.receive(0.25):
            if isinstance(message, Snapshot):
                timeline.see(message, time.monotonic())

    def _listen(self, gateway: Channel, timeline: Timeline, seconds: float) -> None:
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                self._hear(gateway, timeline)
        except ChannelClosed:
            return

    def _start(self, name: str, body: object, *arguments: str) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=body, name=f"wheeltapper-{name}", args=(theirs, *arguments))  # type: ignore[arg-type]  # a body
        process.start()
        theirs.close()
        assert process.pid is not None
        self._pids[name] = process.pid
        self._stack.callback(_end, process)
        return ours


def _end(process: multiprocessing.process.BaseProcess) -> None:
    process.join(10.0)
    if process.is_alive():
        process.kill()
        process.join(5.0)


class _Interrupt:
    """True once Ctrl-C was pressed."""

    def __init__(self) -> None:
        self._told = False
        signal.signal(signal.SIGINT, self._tell)
        signal.signal(signal.SIGTERM, self._tell)

    def _tell(self, number: int, frame: object) -> None:
        self._told = True
        signal.signal(number, signal.SIG_DFL)

    def __bool__(self) -> bool:
        return self._told


def _free_page() -> str:
    """Find an address for the page: the example's own port, or any free one where that is taken."""
    for port in (PAGE_PORT, 0):
        with socket.socket() as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"http://127.0.0.1:{trying.getsockname()[1]}"
    raise OSError("this PC has no free port for the page")


def _site_file(folder: Path, at: Addresses, page: str) -> Path:
    """Write the example with the ports that were bound; its own servers take free ones."""
    text = files("config").joinpath("examples/demo.toml").read_text(encoding="utf-8")
    host, _, port = at.modbus.rpartition(":")
    for found, wanted in (
        ("opc.tcp://127.0.0.1:4841", at.opcua),
        ('host = "127.0.0.1"\nport = 5021', f'host = "{host}"\nport = {port}'),
        ("http://127.0.0.1:8081/maximo/api", at.maximo),
        ("opc.tcp://127.0.0.1:4850", "opc.tcp://127.0.0.1:0"),
        ("127.0.0.1:5020", "127.0.0.1:0"),
        ("http://127.0.0.1:8080", page),
    ):
        assert found in text, found
        text = text.replace(found, wanted)
    site = folder / "demo.toml"
    site.write_text(text, encoding="utf-8")
    return site


# ---- the bodies of the two other programs ---------------------------------------------------------------------------


def _line(connection: Connection) -> None:
    import asyncio

    from gateway.processes.entry import ignore_signals, log_as, silence

    ignore_signals()
    log_as("line")
    silence()
    asyncio.run(_run_line(connection))


async def _run_line(connection: Connection) -> None:
    import asyncio

    from connectors.simulated.line import SimulatedLine

    line = SimulatedLine()
    connection.send(await line.start())
    feeding = asyncio.create_task(line.run())
    loop = asyncio.get_running_loop()
    while (told := await loop.run_in_executor(None, _told, connection)) != "report":
        if told == "gone":
            break
        line.stop_parts()
        await feeding
    else:
        connection.send(line.report())
    line.stop_parts()
    await feeding
    await line.stop()


def _told(connection: Connection) -> str:
    try:
        return str(connection.recv())
    except EOFError:
        return "gone"


def _gateway(connection: Connection, site: str) -> None:
    import asyncio

    from gateway.processes.entry import ignore_signals, log_as, silence

    ignore_signals()
    log_as("main")
    silence()
    asyncio.run(_run_gateway(Channel(connection, "demo"), Path(site)))


async def _run_gateway(channel: Channel, site: Path) -> None:
    import asyncio

    from gateway.processes.clock import SystemClock
    from gateway.wiring.build import build, load_site

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def publish(snapshot: Snapshot) -> None:
        channel.send(snapshot)

    def end(_: object = None) -> None:
        loop.call_soon_threadsafe(stop.set)

    channel.listen(end, end)
    gateway = build(load_site(site), SystemClock(), quiet=True, published=publish)
    await gateway.run(stop)
    channel.close()
