"""A command on its way: folder, front, ledger, and the answer back, over real channels."""

import asyncio
import contextlib
import multiprocessing
import threading
from multiprocessing.connection import Connection

import pytest

from gateway.ledger.body import run_ledger
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.processes.channel import Channel
from gateway.processes.clock import SystemClock
from gateway.processes.ledger_messages import Command, CommandAnswer, EventRecord
from gateway.processes.messages import RestartBaseline, Stop
from gateway.serve import asks
from gateway.serve import front as front_module
from gateway.serve.asks import Ask, Reply
from gateway.serve.front import Front
from gateway.serve.plan import FrontPlan
from gateway.serve.spool import Spool
from tests.gateway.processes.hang_up import hang_up


class Main:
    """Main's end of a front's channel, and of a ledger's: hands on what each says, and remembers it."""

    def __init__(self):
        self.heard: list[object] = []
        self.ends: list[tuple[Channel, Connection]] = []

    def link(self, name, hand_on):
        ours, theirs = multiprocessing.Pipe()
        end = Channel(ours, name)

        def take(message):
            self.heard.append(message)
            hand_on(message)

        end.listen(take, lambda: None)
        self.ends.append((end, ours))
        return end, Channel(theirs, "main")

    async def hears(self, holds):
        """Wait for a message; the test's own timeout ends it."""
        async with asyncio.timeout(20):
            while not (found := [message for message in self.heard if holds(message)]):
                await asyncio.sleep(0.01)
        return found[0]


@pytest.fixture
def main():
    main = Main()
    yield main
    for end, pipe in main.ends:
        end.close(0.1)
        hang_up(pipe)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(front_module, "LOOK_S", 0.02)


@contextlib.asynccontextmanager
async def a_front(main, folder, hand_on=lambda message: None):
    end, channel = main.link("front", hand_on)
    task = asyncio.create_task(Front(FrontPlan("Line", (), commands=str(folder)), channel, SystemClock()).run())
    try:
        async with asyncio.timeout(20):
            while not folder.is_dir() and not task.done():
                await asyncio.sleep(0.01)
        yield end, channel, task
    finally:
        end.send(Stop())
        with contextlib.suppress(RuntimeError):
            await asyncio.wait_for(task, 20)


@contextlib.contextmanager
def a_ledger(main, store, hand_on):
    plan = LedgerPlan("Line", str(store), stations=(StationEntry("ring"), StationEntry("pump-7", asset="PUMP-7")))
    end, channel = main.link("ledger", hand_on)
    thread = threading.Thread(target=run_ledger, args=(plan, channel, SystemClock(), lambda name: None))
    thread.start()
    try:
        yield end
    finally:
        end.send(Stop())
        thread.join(20)
        assert not thread.is_alive()


async def asked(folder, name, target, who="Ana"):
    token = asks.new_token()
    asks.write(folder, token, asks.ASK, Ask(name=name, target=target, who=who))
    answer = folder / f"{token}.answer"
    async with asyncio.timeout(20):
        while not answer.exists():
            await asyncio.sleep(0.01)
    return asks.read(answer, Reply)


async def test_each_asker_gets_the_answer_to_the_own_command(main, tmp_path):
    ends = {}
    with a_ledger(main, tmp_path, lambda m: ends["front"].send(m) if isinstance(m, CommandAnswer) else None) as ledger:
        folder = tmp_path / "commands"
        hand_on = lambda m: ledger.send(m) if isinstance(m, Command) else None  # noqa: E731
        async with a_front(main, folder, hand_on) as (ends["front"], _, _):
            done, refused, unknown = await asyncio.gather(
                asked(folder, "maintenance-done", "pump-7", "Ana"),
                asked(folder, "maintenance-done", "ring", "Ben"),
                asked(folder, "acknowledge", "NOBODY", "Eve"),
            )
        assert (done.accepted, refused.accepted, unknown.accepted) == (True, False, False)
        assert "watches no machine" in refused.sentence
        assert "NOBODY" in unknown.sentence
    assert [m for m in main.heard if isinstance(m, RestartBaseline)] == [RestartBaseline("pump-7")]


async def test_a_gateway_that_is_busy_refuses_at_once(main, tmp_path, monkeypatch):
    async with a_front(main, tmp_path / "commands") as (_, channel, _):
        monkeypatch.setattr(channel, "send", lambda message: False)
        reply = await asked(tmp_path / "commands", "order", "ABCD")
    assert not reply.accepted
    assert "busy" in reply.sentence


async def test_hostile_files_are_one_event_and_the_next_command_goes_through(main, tmp_path):
    folder = tmp_path / "commands"
    folder.mkdir(mode=0o700)
    for content in (b"\x00", b'{"version":1,"name":"reboot","target":"x","who":"y"}'):
        (folder / f"{asks.new_token()}.ask").write_bytes(content)
    async with a_front(main, folder):
        event = await main.hears(lambda m: isinstance(m, EventRecord) and m.kind == "command-refused")
        assert event.sentence.endswith("2 files in all")
        asks.write(folder, asks.new_token(), asks.ASK, Ask(name="order", target="ABCD", who="Ana"))
        assert (await main.hears(lambda m: isinstance(m, Command))).target == "ABCD"
    assert not any(isinstance(m, Command) and m.name == "reboot" for m in main.heard)


async def test_a_folder_that_cannot_be_had_is_said_once_and_its_return_too(main, tmp_path):
    folder = tmp_path / "commands"
    async with a_front(main, folder) as (_, _, task):
        folder.rmdir()
        folder.write_text("in the way", encoding="utf-8")
        await main.hears(lambda m: isinstance(m, EventRecord) and m.kind == "commands-closed")
        folder.unlink()
        await main.hears(lambda m: isinstance(m, EventRecord) and m.kind == "commands-open")
        assert not task.done()
    assert [m.kind for m in main.heard if isinstance(m, EventRecord)] == ["commands-closed", "commands-open"]


async def test_a_mistake_of_ours_ends_the_process_so_that_main_brings_it_back(main, tmp_path, monkeypatch):
    def broken(self, answers):
        raise RuntimeError("a bug")

    monkeypatch.setattr(Spool, "turn", broken)
    async with a_front(main, tmp_path) as (_, _, task):
        with pytest.raises(RuntimeError, match="a bug"):
            await asyncio.wait_for(task, 20)


async def test_a_front_without_a_folder_takes_no_commands_and_goes_on(main, tmp_path):
    _end, channel = main.link("front", lambda message: None)
    task = asyncio.create_task(Front(FrontPlan("Line", ()), channel, SystemClock()).run())
    main.ends[0][0].send(Stop())
    await asyncio.wait_for(task, 20)
    assert list(tmp_path.iterdir()) == []
