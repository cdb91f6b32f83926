import asyncio
import threading

from gateway.serve.inbox import OTHERS_MAX, Inbox
from tests.gateway.serve.snapshots import a_snapshot


async def test_of_snapshots_only_the_newest_is_kept_and_others_go_first():
    inbox = Inbox(asyncio.get_running_loop())
    first, second = a_snapshot(), a_snapshot()
    inbox.put(first)
    inbox.put("answer")
    inbox.put(second)
    assert await inbox.get() == "answer"
    assert await inbox.get() is second
    inbox.put("later")
    assert await asyncio.wait_for(inbox.get(), 10) == "later"


async def test_a_loop_that_is_late_is_sent_one_wake_up_and_hoards_nothing():
    loop = asyncio.get_running_loop()
    inbox = Inbox(loop)
    for number in range(10 * OTHERS_MAX):
        inbox.put(number)
        inbox.put(a_snapshot())
    got = [await inbox.get() for _ in range(OTHERS_MAX)]
    assert got == list(range(9 * OTHERS_MAX, 10 * OTHERS_MAX))
    assert len(loop._ready) <= 2


async def test_nothing_is_lost_between_two_threads():
    inbox = Inbox(asyncio.get_running_loop())
    taken = asyncio.Event()
    loop = asyncio.get_running_loop()
    gate = threading.Semaphore(OTHERS_MAX)

    def fill():
        for number in range(2000):
            gate.acquire()
            inbox.put(number)
        loop.call_soon_threadsafe(taken.set)

    thread = threading.Thread(target=fill)
    thread.start()
    got = []
    while len(got) < 2000:
        got.append(await asyncio.wait_for(inbox.get(), 10))
        gate.release()
    thread.join()
    assert got == list(range(2000))
