"""A ledger, the gateway's own OPC UA server and what main does between them, with a clock that tests turn."""

import asyncio
import contextlib
import multiprocessing
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.ledger.body import run_ledger
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.processes.channel import Channel
from gateway.processes.condition import EpisodeView
from gateway.processes.ledger_messages import CommandAnswer, LedgerReport
from gateway.processes.messages import Stop
from gateway.serve.front import station_tags
from gateway.serve.opcua import OpcUaServer
from gateway.serve.operators import Operators
from gateway.serve.people import People, PeopleFile, Role, User, hashed, new_token
from gateway.serve.plan import OpcUaServerPlan, ServedStation
from gateway.store.database import DATABASE
from tests.gateway.serve.snapshots import WALL, a_condition, a_snapshot

LINE = "Casting line 2"
STATIONS = (ServedStation("ring", True, False), ServedStation("pump-7", False, True))
PASSWORD = "a few plain words"


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return self.seconds

    def wall(self):
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC) + timedelta(seconds=self.seconds - 1000.0)


def some_people(folder):
    """Name an operator, a viewer and a program; returns the program's token."""
    users = (
        User(name="ana", role=Role.OPERATOR, password=hashed(PASSWORD)),
        User(name="vic", role=Role.VIEWER, password=hashed(PASSWORD)),
    )
    token, secret = new_token("scada", Role.OPERATOR)
    PeopleFile(folder).write(People(users=users, tokens=(token,)))
    return secret


class Plant:
    """Main's part of it: hands on commands, answers, and the newest incidents."""

    def __init__(self, folder, server, ledger, clock):
        self.folder, self.server, self.clock = folder, server, clock
        self._ledger = ledger
        self.url = self.token = ""
        self.report = None
        self.heard = asyncio.Queue()
        self._episodes = {}

    def hear(self, failure_mode="outer race", *, active=True, severity="warning"):
        """Let the pump's station report an episode, and those it told of before."""
        text = f"the {failure_mode} is worn"
        self._episodes[failure_mode] = EpisodeView(failure_mode, failure_mode, severity, WALL, active, text)
        wall = self.clock.wall().isoformat()
        self._ledger.send(a_condition(episodes=tuple(self._episodes.values()), wall=wall))

    def pass_(self, seconds):
        """Let time pass, and the ledger notice."""
        self.clock.seconds += seconds

    async def hand_on(self):
        while True:
            message = await self.heard.get()
            if isinstance(message, LedgerReport):
                self.report = message
                now = replace(a_snapshot(), wall=self.clock.wall().isoformat(), incidents=message.incidents)
                await self.server.publish(now)
            elif isinstance(message, CommandAnswer):
                self.server.answered(message)

    def audit(self, event=None):
        """Every row of the audit trail, or of a condition, as who, via, command, arguments, accepted."""
        target = "%" if event is None else event.NodeId.Identifier.rsplit("/", 1)[1]
        asked = "SELECT who, via, command, arguments, accepted FROM audit WHERE target LIKE ? ORDER BY rowid"
        with contextlib.closing(sqlite3.connect(self.folder / DATABASE)) as db:
            return db.execute(asked, (target,)).fetchall()


@contextlib.asynccontextmanager
async def a_plant(tmp_path, security="None", commands=True):
    store, clock = tmp_path / "store", Clock()
    store.mkdir()
    token = some_people(store)
    ours, theirs = multiprocessing.Pipe()
    ledger = Channel(ours, "ledger")
    operators = Operators(str(store), clock, ledger.send) if commands else None
    plan = OpcUaServerPlan("opc.tcp://127.0.0.1:0", security, str(tmp_path / "server"), LINE)
    server = OpcUaServer(plan, station_tags(STATIONS), operators)
    plant, loop = Plant(store, server, ledger, clock), asyncio.get_running_loop()
    plant.token = token
    ledger.listen(lambda message: loop.call_soon_threadsafe(plant.heard.put_nowait, message), lambda: None)
    entries = (StationEntry("ring"), StationEntry("pump-7", asset="PUMP-7"))
    book = LedgerPlan(LINE, str(store), stations=entries)
    thread = threading.Thread(target=run_ledger, args=(book, Channel(theirs, "main"), clock, lambda name: None))
    plant.url = await server.start()
    thread.start()
    handing = asyncio.create_task(plant.hand_on())
    try:
        yield plant
    finally:
        handing.cancel()
        await asyncio.gather(handing, return_exceptions=True)
        ledger.send(Stop())
        await asyncio.to_thread(thread.join, 20)
        await server.stop()
        ledger.close(0.1)
        assert not thread.is_alive()
