"""A made-up gateway on which everything happens that a metric can tell, scraped like a real one.

A good day of the demo shows neither remaining life nor an ear that is wrong: what a dashboard would then draw is tried
with this one.
"""

from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from os import getpid
from threading import Thread
from types import SimpleNamespace

from prometheus_client import CollectorRegistry, generate_latest

from gateway.processes.budget import Budget
from gateway.processes.condition import EpisodeView, RemainingLife, WearView
from gateway.processes.snapshot import ANSWER_BOUNDS_S, SCORE_BOUNDS, Counters, PartDials, ProcessView, Snapshot
from gateway.processes.sounds import SoundsReport
from gateway.serve.metrics import SnapshotCollector
from tests.gateway.serve.snapshots import SILENT, SILENT_ALARM, WALL, a_condition, a_part_view, a_snapshot, an_ear

LINE = "Everything at once"


def rich_snapshot(tick: int) -> Snapshot:
    """Everything, `tick` scrapes after its start."""
    dials = PartDials(
        (tick,) * (len(ANSWER_BOUNDS_S) + 1), 0.1 * tick, (tick,) * (len(SCORE_BOUNDS) + 1), 12.0 * tick,
        {"gap": tick, "speech": 2 * tick}, {"torn": tick}, 0.8,
    )  # fmt: skip
    ring = a_part_view(counters=Counters(3 * tick, tick, tick, tick, late=tick, missed=tick), dials=dials)
    wear = WearView("warning", "rising", 4.5, RemainingLife(10.0, 20.0, 40.0), "rises")
    snapshot = a_snapshot(ring, a_condition(wear=wear), (SILENT_ALARM,))
    shattered = EpisodeView("e", "glass", "critical", WALL, True, "glass broke")
    first, second = snapshot.stations
    stations = (
        replace(first, ear=an_ear("ring", quality=SILENT, gaps=tick)),
        replace(second, sounds=SoundsReport("pump-7", 1.0, WALL, ("glass",), episodes=(shattered,))),
    )
    return replace(
        snapshot, line=LINE, stations=stations, processes=(ProcessView("front", True, tick, getpid()),), pid=getpid(),
        outbox_waiting=2, outbox_stuck=1, dropped={"front": tick}, budget=Budget(WALL, 1, "panel", 1.5, flood=False),
    )  # fmt: skip


@contextmanager
def rich_gateway():
    """Serve it; gives host and port."""
    ticks = count(1)
    clock, plan = SimpleNamespace(now=lambda: 1.5), SimpleNamespace(line=LINE)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            registry = CollectorRegistry()
            world = SimpleNamespace(snapshot=rich_snapshot(next(ticks)), stale=False, plan=plan, clock=clock)
            registry.register(SnapshotCollector(world))
            text = generate_latest(registry)
            self.send_response(200)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format, *args):  # noqa: A002  # its name in the library
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
