"""Whether the page grows: a day of parts, snapshots, people and programs, pressed into minutes.

    python -m benchmarks.page_memory [--hours 24] [--step 4] [--write]

The page's server runs in a process of its own, over real HTTP, by a clock that is turned: each step a part is judged
(it is in the store when it is shown) and a snapshot published. Meanwhile a browser keeps the line view open all day and
a station's list beside it, six programs look at the live stream and go again, and every view is opened every few
minutes. Told is the resident memory of the server, and of the open page the JavaScript heap after its garbage was
collected, its DOM nodes and its listeners (Chrome DevTools Protocol). Without Chromium the server alone is measured.
Writes its section of docs/page.md with --write.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import psutil

from analytics.decision.verdict import Evaluation, Verdict
from gateway.processes.ledger_messages import Command, CommandAnswer, PartRecord
from gateway.processes.messages import PartNumbers
from gateway.processes.snapshot import Snapshot
from gateway.serve.page.server import PageServer
from gateway.serve.plan import PagePlan
from gateway.store import records
from gateway.store.database import Store

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "page.md"
START = datetime(2026, 11, 24, tzinfo=UTC)
HOUR = 3600.0
STREAMS = 6  #: programs on the live stream
STREAMED = 40  #: events each of them takes before it goes and comes again
VIEWS = (
    "/", "/parts", "/stations/ring", "/stations/pump-7", "/incidents", "/orders", "/recipes", "/ears", "/statistics",
    "/audit", "/parts/1", "/parts?verdict=NotOK", "/api/v1/parts", "/no/such/page",
)  # fmt: skip
VIEWED_EVERY_S = 300.0  #: simulated, each of them
TOLD_AT_H = (1.0, 6.0, 12.0, 24.0)  #: beside the first quarter of an hour, by when everything was opened once
OPEN = ("/", "/stations/ring")  #: all day, in the browser


class Turned:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since the beginning."""
        return self.time

    def wall(self) -> datetime:
        """Wall time, UTC."""
        return START + timedelta(seconds=self.time)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured at one moment."""

    hours: float
    server_mb: float
    heap_mb: float | None = None
    nodes: int | None = None
    listeners: int | None = None


def serve(connection: Connection, store: str) -> None:
    """Be the page's server: publish what comes, by the clock that comes with it."""
    asyncio.run(_serve(connection, store))


async def _serve(connection: Connection, store: str) -> None:
    clock = Turned()

    def send(command: Command) -> bool:
        said = CommandAnswer(command.name, command.target, command.who, True, "done", command.id)
        asyncio.get_running_loop().call_soon(page.answered, said)
        return True

    page = PageServer(PagePlan("http", "127.0.0.1", 0, "Line", "Europe/Berlin", store, ("127.0.0.1",)), clock, send)
    connection.send(await page.start())
    while (told := await asyncio.to_thread(connection.recv)) is not None:
        clock.time, snapshot = told
        page.publish(snapshot)
        await asyncio.sleep(0)  # every stream has its turn
        connection.send(psutil.Process().memory_info().rss / 2**20)
    await page.stop()


class Day:
    """The parts of a day, in the store and as snapshots."""

    def __init__(self, folder: Path, first: Snapshot) -> None:
        self._store = Store.open(folder, START.isoformat())
        self._first = first
        self._random = np.random.default_rng(7)
        self._counts = dict.fromkeys(Evaluation, 0)
        self._chips: tuple[int, ...] = ()

    def part(self, number: int, clock: Turned) -> Snapshot:
        """Judge one; a rejected one now and then, and the machine's level moves."""
        score = float(self._random.gamma(9.0, 0.07))
        said = Evaluation.NOT_OK if score > 1 else Evaluation.OK
        verdict = Verdict(said, score, "crack" if score > 1 else None, None, f"{score:.2f} times the limit.")
        wall = clock.wall().isoformat()
        row = self._random.normal(size=128).astype(np.float32)
        record = PartRecord("ring", "active", 1, number, f"C-{number:06d}", 1, wall, verdict, 0, 0, None, True, 9.0, 3.0,
                            "castings v1", "judged", numbers=PartNumbers("", "{}", row))  # fmt: skip
        with self._store.commit() as db:
            records.add_part(db, record)
        self._counts[said] += 1
        self._chips = (*self._chips[-19:], int(said))
        ring, *others = self._first.stations
        assert ring.part is not None
        assert ring.part.last is not None
        counters = replace(ring.part.counters, parts=number, ok=self._counts[Evaluation.OK],
                           not_ok=self._counts[Evaluation.NOT_OK])  # fmt: skip
        last = replace(ring.part.last, sequence=number, part_id=record.part_id, wall=wall, verdict=verdict)
        ring = replace(ring, part=replace(ring.part, counters=counters, last=last, chips=self._chips))
        return replace(self._first, wall=wall, at=clock.now(), stations=(ring, *others))

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def looks_at_the_stream(address: str, over: Event) -> None:
    """Be a program that takes some events, goes, and comes again."""
    while not over.is_set():
        with urllib.request.urlopen(f"{address}/live", timeout=30) as stream:
            for _ in range(STREAMED):
                stream.readline()
                if over.is_set():
                    return


class Looking:
    """A browser with pages that stay open, and what it says of the first of them."""

    def __init__(self, address: str, stack: ExitStack) -> None:
        from playwright.sync_api import sync_playwright

        from tests.foreign.demo_page import CHROMIUM

        driver = stack.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        self._pages = [browser.new_page(base_url=address) for _ in OPEN]
        for page, view in zip(self._pages, OPEN, strict=True):
            page.goto(view)
        self._told = self._pages[0].context.new_cdp_session(self._pages[0])

    def look(self) -> dict[str, Any]:
        """Heap of the line view after its garbage was collected, nodes and listeners."""
        self._told.send("HeapProfiler.collectGarbage")
        used = self._told.send("Runtime.getHeapUsage")["usedSize"]
        counted = self._told.send("Memory.getDOMCounters")
        return {"heap_mb": used / 2**20, "nodes": counted["nodes"], "listeners": counted["jsEventListeners"]}


def run(hours: float, step: float) -> Iterator[Seen]:
    """Live through the day; what was measured at each of its hours."""
    from tests.foreign.demo_page import CHROMIUM
    from tests.gateway.serve.snapshots import a_snapshot

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clock, over, day = Turned(), Event(), Day(folder, a_snapshot())
        stack.callback(day.close)
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, str(folder)))
        server.start()
        stack.callback(server.join, 10)
        stack.callback(ours.send, None)
        address = ours.recv()
        ours.send((0.0, day.part(1, clock)))
        ours.recv()
        looking = Looking(address, stack) if CHROMIUM else None
        stack.callback(over.set)
        for _ in range(STREAMS):
            Thread(target=looks_at_the_stream, args=(address, over), daemon=True).start()
        told_at = [0.25, *(one for one in TOLD_AT_H if one <= hours)]
        steps = round(hours * HOUR / step)
        every = round(VIEWED_EVERY_S / step / len(VIEWS))
        for number in range(2, steps + 2):
            clock.time += step
            ours.send((clock.time, day.part(number, clock)))
            resident = ours.recv()
            if number % every == 0:
                view(address, VIEWS[number // every % len(VIEWS)])
            if told_at and clock.time >= told_at[0] * HOUR:
                yield Seen(told_at.pop(0), resident, **(looking.look() if looking else {}))


def view(address: str, path: str) -> None:
    """Open a view, as somebody does; one that is not there is refused."""
    try:
        urllib.request.urlopen(f"{address}{path}", timeout=30).read()
    except urllib.error.HTTPError as refused:
        if refused.code not in (404, 503):
            raise


def table(seen: list[Seen], step: float, took: float) -> str:
    """Lay the figures out."""
    lines = [
        "| simulated hours | server, MB resident | open page: heap, MB | DOM nodes | listeners |",
        "|--:|--:|--:|--:|--:|",
    ]
    for one in seen:
        heap, nodes, listeners = ("-" if value is None else value for value in (one.heap_mb, one.nodes, one.listeners))
        heap = heap if isinstance(heap, str) else f"{heap:.2f}"
        lines.append(f"| {one.hours:g} | {one.server_mb:.1f} | {heap} | {nodes} | {listeners} |")
    parts = round(seen[-1].hours * HOUR / step)
    said = f"{parts:,} parts and snapshots, one every {step:g} simulated seconds, in {took:.0f} s."
    return "\n".join([*lines, "", said])


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--step", type=float, default=4.0, help="simulated seconds from part to part")
    parser.add_argument("--write", action="store_true", help="write the table into docs/page.md")
    asked = parser.parse_args()
    os.nice(5)
    began, seen = time.monotonic(), []
    for one in run(asked.hours, asked.step):
        seen.append(one)
        print(json.dumps({field: getattr(one, field) for field in one.__slots__}), flush=True)
    if asked.write:
        begin, end = "<!-- memory: begin -->\n", "<!-- memory: end -->"
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
        text = table(seen, asked.step, time.monotonic() - began)
        DOCUMENT.write_text(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
