"""A ledger, the gateway's own OPC UA server, what main does between them with a clock that tests turn, and a viewer."""

import asyncio
import contextlib
import multiprocessing
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from asyncua import Client, ua

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
from tests.gateway.processes.hang_up import hang_up
from tests.gateway.serve.snapshots import WALL, a_condition, a_snapshot

LINE = "Casting line 2"
STATIONS = (ServedStation("ring", True, False), ServedStation("pump-7", False, True))
PASSWORD = "a few plain words"

REFRESH, REFRESH_ITEM, ACKNOWLEDGE, COMMENT = 3875, 12912, 9111, 9029
TIMED, ONE_SHOT, OFF = 2949, 2948, 9211
CONDITION_TYPE = ua.NodeId(ua.ObjectIds.ConditionType)
VT = ua.VariantType


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
        hang_up(ours)
        assert not thread.is_alive()


class Viewer:
    """A client that shows alarms."""

    def __init__(self, client):
        self.client = client
        self.events = asyncio.Queue()

    def event_notification(self, event):
        self.events.put_nowait(event)

    async def subscribe(self, about, types=ua.ObjectIds.AlarmConditionType):
        """Hear events; `next` gives those about one failure mode alone."""
        self.about = about
        self.subscription = await self.client.create_subscription(20, self)
        self.item = await self.subscription.subscribe_alarms_and_conditions(evtypes=types)
        return self

    async def any(self):
        return await asyncio.wait_for(self.events.get(), 20)

    async def next(self):
        while (event := await self.any()).ConditionName != self.about:
            pass
        return event

    async def call(self, node, method, *arguments):
        """Call a method of a condition; returns the name of its status."""
        request = ua.CallMethodRequest(node, ua.NodeId(method), list(arguments))
        (result,) = await self.client.uaclient.call([request])
        return result.StatusCode.name

    async def acknowledge(self, event, comment="", event_id=None):
        named = ua.Variant(event_id or event.EventId, VT.ByteString)
        return await self.call(event.NodeId, ACKNOWLEDGE, named, ua.Variant(ua.LocalizedText(comment)))

    async def shelve(self, event, ms):
        return await self.call(event.NodeId, TIMED, ua.Variant(ms, VT.Double))

    async def refresh(self, subscription=None):
        number = self.subscription.subscription_id if subscription is None else subscription
        return await self.call(CONDITION_TYPE, REFRESH, ua.Variant(number, VT.UInt32))


@contextlib.asynccontextmanager
async def a_viewer(url, name="", password=PASSWORD):
    client = Client(url, timeout=10)
    if name:
        client.set_user(name)
        client.set_password(password)
    async with client:
        yield Viewer(client)
