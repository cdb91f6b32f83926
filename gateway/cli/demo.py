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
from contextlib import ExitStack, suppress
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from connectors.simulated.line import API_KEY, Addresses, LineReport
from gateway.cli.demo_programs import Failed, run_gateway, run_line
from gateway.cli.demo_summary import Timeline, Usage, summarise
from gateway.cli.demo_table import live_table
from gateway.cli.output import note, say
from gateway.processes.channel import Channel, ChannelClosed
from gateway.processes.messages import Stop
from gateway.processes.snapshot import Snapshot
from gateway.store.database import DATABASE

PAGE_PORT = 8080
SEED = 7  #: of the simulated sound, as in config/examples/demo.toml
START_S = 60.0  #: for a process to say that it stands, on a slow machine
END_S = 30.0  #: for the gateway to end in order
LEDGER, LEDGER_TRIES = "ledger", 3  #: so often lost without ever having had a store, and none is coming
GATE_S = 1.5  #: for the parts on their way to reach their gate
LINE_GONE = "the line has ended by itself; wanted it there until the demo ends"


class DemoFault(Exception):
    """The demonstration cannot begin, or one of its programs has failed; the message says which and why."""


Told = TypeVar("Told")


def command(
    seconds: Annotated[float | None, typer.Option(help="End by itself after so many seconds.", min=5)] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep site file, store and recipes in this new folder.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port of the page, 0 for any free one; without this, 8080 or any.", min=0, max=65535),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary alone, as JSON.")] = False,
) -> None:
    """Run a small plant with known truth, until Ctrl-C or for so many seconds.

    A ring test of castings over OPC UA, a gearmotor test over Modbus TCP, a pump whose bearing begins to fail after
    20 s, and a Maximo that receives one work order. Exit code 0 only where the summary holds.
    """
    with ExitStack() as stack:
        folder = _folder(keep, stack)
        with live_table(quiet=json) as show:
            demo = Demo(folder, stack, port)
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
    try:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise DemoFault(f"{keep} is not empty; wanted a new folder, so that no earlier run is mixed in")
    except OSError as fault:
        raise DemoFault(f"{keep} cannot be used ({fault.strerror}); wanted a folder that can be written") from None
    return keep.resolve()


class Demo:
    """The two other programs and how they are ended."""

    def __init__(self, folder: Path, stack: ExitStack, port: int | None) -> None:
        self.page = _free_page(port)
        self._stack = stack
        self._context = multiprocessing.get_context("spawn")
        self._pids: dict[str, int] = {}
        self._line = self._start("line", run_line)
        addresses = self._of_line(Addresses, START_S)
        self._data = folder / "data"
        self._site = _site_file(folder, addresses, self.page)
        self._report: LineReport | None = None

    def run(self, seconds: float | None, show: Callable[[Snapshot], None]) -> Timeline:
        """Show the table until Ctrl-C or the time is over, then end both programs in order."""
        os.environ["WHEELTAPPER_DEMO_KEY"] = API_KEY
        gateway = Channel(self._start("gateway", run_gateway, str(self._site)), "gateway")
        timeline = Timeline(time.monotonic())
        try:
            self._show(gateway, timeline, seconds, show)
        except ChannelClosed:
            raise DemoFault("the gateway has ended by itself; wanted it running until the demo ends") from None
        gateway.send(Stop())
        with suppress(ChannelClosed):
            self._listen(gateway, timeline, END_S)
        self._tell_line("report")
        self._report = self._of_line(LineReport, END_S)
        timeline.ended = time.monotonic()
        return timeline

    def _show(
        self, gateway: Channel, timeline: Timeline, seconds: float | None, show: Callable[[Snapshot], None]
    ) -> None:
        told = _Interrupt()
        while timeline.newest is None and not told:
            self._hear(gateway, timeline)
            if time.monotonic() > timeline.began + START_S:
                raise DemoFault(f"the gateway has said nothing for {START_S:g} s; wanted it running by then")
        timeline.began = time.monotonic()  # the gateway runs: every second is counted from here
        until = float("inf") if seconds is None else timeline.began + seconds
        while time.monotonic() < until and not told:
            self._hear(gateway, timeline)
            if timeline.newest is not None:
                show(timeline.newest)
        self._tell_line("stop parts")
        self._listen(gateway, timeline, GATE_S)
        timeline.usage = Usage.of(self._pids["gateway"], time.monotonic() - timeline.began)

    def report(self) -> LineReport:
        """Say what the line saw."""
        assert self._report is not None
        return self._report

    def _hear(self, gateway: Channel, timeline: Timeline) -> None:
        for message in gateway.receive(0.25):
            if isinstance(message, Failed):
                raise DemoFault(f"the gateway has failed: {message.why}")
            if isinstance(message, Snapshot):
                timeline.see(message, time.monotonic())
                self._has_store(message)

    def _has_store(self, snapshot: Snapshot) -> None:
        """Raise DemoFault where none is coming: a plant is judged without, a demo could prove nothing at its end."""
        ledger = next(process for process in snapshot.processes if process.name == LEDGER)
        if ledger.restarts >= LEDGER_TRIES and not (self._data / DATABASE).is_file():
            raise DemoFault(f"{self._data}: no store can be kept there; wanted a folder that can be written, with room")

    def _listen(self, gateway: Channel, timeline: Timeline, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._hear(gateway, timeline)

    def _tell_line(self, word: str) -> None:
        try:
            self._line.send(word)
        except OSError:
            raise DemoFault(LINE_GONE) from None

    def _of_line(self, wanted: type[Told], within_s: float) -> Told:
        """Wait for what the line says; DemoFault where it is something else, or nothing."""
        try:
            told = self._line.recv() if self._line.poll(within_s) else None
        except (EOFError, OSError):
            raise DemoFault(LINE_GONE) from None
        if isinstance(told, wanted):
            return told
        raise DemoFault(
            f"the line has failed: {told.why}" if isinstance(told, Failed) else f"the line is silent for {within_s:g} s"
        )

    def _start(self, name: str, body: object, *arguments: str) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=body, name=f"wheeltapper-{name}", args=(theirs, *arguments))  # type: ignore[arg-type]  # a body
        process.start()
        theirs.close()
        assert process.pid is not None
        self._pids[name] = process.pid
        self._stack.callback(_end, process, ours)
        return ours


def _end(process: multiprocessing.process.BaseProcess, ours: Connection) -> None:
    ours.close()  # it ends by itself where nobody is at the other end any more
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


def _free_page(wanted: int | None) -> str:
    """Find an address for the page: the port that is wanted, or else the example's own, or any free one."""
    for port in (PAGE_PORT, 0) if wanted is None else (wanted,):
        with socket.socket() as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trying.bind(("127.0.0.1", port))
            except OSError as fault:
                why = fault.strerror
                continue
            return f"http://127.0.0.1:{trying.getsockname()[1]}"
    raise DemoFault(f"port {wanted} cannot be had for the page ({why}); wanted a free one: --port 0 takes any")


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
