import asyncio
import contextlib
import multiprocessing
import sys

import psutil
import pytest

from gateway.processes import supervisor as supervisor_module
from gateway.processes.clock import SystemClock
from gateway.processes.supervisor import ChildPlan, Supervisor

ECHO = "tests.gateway.processes.bodies:echo"


class Yard:
    """One supervised echo process and what was heard of it."""

    def __init__(self, clock=None, **options):
        self.supervisor = Supervisor(clock or SystemClock(), quiet=True)
        self.inbox: asyncio.Queue[object] = asyncio.Queue()
        self.ticks = asyncio.Event()
        self.lost: asyncio.Queue[str] = asyncio.Queue()
        self.supervisor.add(
            ChildPlan("echo", ECHO, "plan", self.heard, self.lost.put_nowait, **options),
        )

    def heard(self, message):
        if message == "tick":
            self.supervisor.ticked("echo")
            self.ticks.set()
        else:
            self.inbox.put_nowait(message)

    async def next(self):
        return await asyncio.wait_for(self.inbox.get(), 30)


@contextlib.asynccontextmanager
async def a_yard(**options):
    yard = Yard(**options)
    task = asyncio.create_task(yard.supervisor.run())
    try:
        yield yard
    finally:
        await yard.supervisor.stop(("echo",))
        await task


async def test_a_child_hears_its_plan_and_answers():
    async with a_yard() as yard:
        born = await yard.next()
        assert born[:2] == ("born", "plan")
        assert yard.supervisor.send("echo", "hello")
        assert await yard.next() == "hello"
        assert yard.supervisor.views()[0].alive


async def test_a_start_that_is_called_off_leaves_no_child_that_nobody_knows_of():
    yard = Yard()
    task = asyncio.create_task(yard.supervisor.run())
    while not yard.supervisor._children["echo"].starting:
        await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError) as fault:
        await task

    await asyncio.get_running_loop().shutdown_default_executor()  # the start itself cannot be called off
    for child in multiprocessing.active_children():  # the interpreter waits for each at its end
        child.join(10)
        assert not child.is_alive(), f"{fault} still holds its pipe, and it listens to nothing else"


async def test_a_child_that_dies_is_told_of_and_comes_back():
    async with a_yard() as yard:
        first = await yard.next()
        yard.supervisor.send("echo", "die")
        assert "code 7" in await asyncio.wait_for(yard.lost.get(), 30)
        second = await yard.next()
        assert second[2] != first[2]
        assert yard.supervisor.views()[0].restarts == 1


@pytest.mark.skipif(sys.platform == "win32", reason="children are spawned there, by no server")
async def test_children_do_not_outlive_the_server_they_were_forked_from_as_second_ones_of_their_kind():
    async with a_yard() as yard:
        first = psutil.Process((await yard.next())[2])
        first.parent().kill()
        await asyncio.wait_for(yard.lost.get(), 30)
        assert (await yard.next())[2] != first.pid
        assert psutil.wait_procs([first], timeout=10)[1] == [], "two would write one store and send each order twice"


async def test_a_child_that_hangs_is_ended_and_comes_back(monkeypatch):
    monkeypatch.setattr(supervisor_module, "HANG_S", 0.4)
    async with a_yard(ticks=True) as yard:
        first = await yard.next()
        await yard.ticks.wait()
        yard.supervisor.send("echo", "hang")
        assert "hung" in await asyncio.wait_for(yard.lost.get(), 30)
        assert (await yard.next())[2] != first[2]


class JumpingClock(SystemClock):
    """Time goes on while main stands still."""

    ahead = 0.0

    def now(self):
        return super().now() + self.ahead


async def test_no_child_is_ended_for_the_time_in_which_main_itself_stood_still():
    clock = JumpingClock()
    async with a_yard(clock=clock, ticks=True) as yard:
        await yard.next()
        await yard.ticks.wait()
        yard.supervisor.send("echo", "hang")
        clock.ahead = 10 * supervisor_module.HANG_S
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(yard.lost.get(), 0.5)
        yard.supervisor._children["echo"].process.kill()  # it listens to nobody, and the yard would wait for it


async def test_an_errand_that_fails_is_told_of_and_not_run_again():
    async with a_yard(once=True) as yard:
        await yard.next()
        yard.supervisor.send("echo", "die")
        assert "code 7" in await asyncio.wait_for(yard.lost.get(), 30)
        assert yard.supervisor.views() == ()
        yard.supervisor.add(ChildPlan("echo", ECHO, "plan", yard.heard))  # for the yard's own end


async def test_an_errand_does_not_outlive_its_owner():
    async with a_yard(once=True) as yard:
        await yard.next()
        yard.supervisor.send("echo", "hang")
        errand = yard.supervisor._children["echo"].process
        await yard.supervisor.stop(())
        await asyncio.to_thread(errand.join, 30)
        assert errand.exitcode is not None
        yard.supervisor.add(ChildPlan("echo", ECHO, "plan", yard.heard))


async def test_a_message_to_a_child_that_is_down_is_refused_not_kept():
    supervisor = Supervisor(SystemClock(), quiet=True)
    supervisor.add(ChildPlan("echo", ECHO, None, lambda m: None))
    assert not supervisor.send("echo", "hello")
