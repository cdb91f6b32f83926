"""Serves the page in the front's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn

from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import Command, CommandAnswer
from gateway.processes.snapshot import Snapshot
from gateway.serve.page.app import make_app
from gateway.serve.page.live import Live
from gateway.serve.page.show import Show
from gateway.serve.page.world import World
from gateway.serve.people import PeopleError
from gateway.serve.plan import PagePlan

CLOSE_S = 2.0  #: open streams are cut after that


class _Quiet(uvicorn.Server):
    """Leaves the signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class PageServer:
    """The page, on its port.

    Parameters
    ----------
    plan
        What is served, and where.
    clock
        The gateway's clock.
    send
        Hands a command to main.
    """

    def __init__(self, plan: PagePlan, clock: Clock, send: Callable[[Command], bool]) -> None:
        self._plan = plan
        self._world = World(plan, clock, send)
        self._app, self._guarded = make_app(self._world)
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    def why_not(self) -> str:
        """Say why it must not be served yet; empty where it may: beyond this PC only once somebody is named."""
        if self._plan.names:
            return ""
        try:
            users = self._world.people.read().users
        except PeopleError as fault:
            return str(fault)
        named = "name one: wheeltapper user add NAME --role quality"
        return (
            ""
            if users
            else f"{self._plan.host}:{self._plan.port} reaches beyond this PC and there are no users; {named}"
        )

    async def start(self) -> str:
        """Listen; returns the address. OSError where the port cannot be had."""
        plan = self._plan
        family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((plan.host, plan.port))
            listening.listen(128)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        config = uvicorn.Config(
            self._guarded,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=30,
            timeout_graceful_shutdown=int(CLOSE_S),
            limit_concurrency=400,
            ssl_certfile=plan.certificate or None,
            ssl_keyfile=plan.key or None,
        )
        self._server = _Quiet(config)
        self._task = asyncio.create_task(self._server.serve([listening]))
        host = f"[{plan.host}]" if ":" in plan.host else plan.host
        return f"{plan.scheme}://{host}:{listening.getsockname()[1]}"

    def publish(self, snapshot: Snapshot) -> None:
        """Show a new snapshot."""
        self._world.snapshot, self._world.stale = snapshot, False
        self._send_pieces()

    def go_stale(self) -> None:
        """Say that nothing is known any more."""
        self._world.stale = True
        self._send_pieces()

    def answered(self, answer: CommandAnswer) -> bool:
        """Take an answer of the ledger; False where it is for somebody else."""
        return self._world.answered(answer)

    async def stop(self) -> None:
        """Close the port and every stream."""
        if self._server is None or self._task is None:
            return
        live: Live = self._app.state.live
        live.end()
        self._server.should_exit = True
        done, _ = await asyncio.wait({self._task}, timeout=CLOSE_S + 1)
        if not done:
            self._task.cancel()

    def _send_pieces(self) -> None:
        live: Live = self._app.state.live
        show: Show = self._app.state.show
        if live.clients:
            live.publish(show.pieces())
