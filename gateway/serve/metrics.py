"""`GET /metrics`: the newest snapshot as Prometheus reads it."""

import ipaddress
from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from gateway.processes.snapshot import Snapshot
from gateway.serve.metrics_gateway import EARS, GATEWAY
from gateway.serve.metrics_kinds import PREFIX, Counts, Kind, Metric
from gateway.serve.metrics_machines import MACHINES
from gateway.serve.metrics_parts import PARTS
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf
from gateway.serve.page.world import World

router = APIRouter(include_in_schema=False)
METRICS: Sequence[Metric] = (*GATEWAY, *EARS, *PARTS, *MACHINES)


class SnapshotCollector(Collector):
    """Reads a world at the moment somebody scrapes; keeps nothing, so a day of scrapes takes no memory."""

    def __init__(self, world: World) -> None:
        self._world = world

    def collect(self) -> Iterator[Family]:
        """Give every metric; while main is silent only that it is: old numbers are no numbers."""
        snapshot, stale, line = self._world.snapshot, self._world.stale, self._world.plan.line
        up = GaugeMetricFamily(PREFIX + "up", "1 while the main process reports", labels=["line"])
        up.add_metric([line], float(snapshot is not None and not stale))
        yield up
        if snapshot is None:
            return
        age = GaugeMetricFamily(PREFIX + "snapshot_age_seconds", "Since the main process reported", labels=["line"])
        age.add_metric([line], max(0.0, self._world.clock.now() - snapshot.at))
        yield age
        if not stale:
            yield from (_family(metric, snapshot) for metric in METRICS)


def _family(metric: Metric, snapshot: Snapshot) -> Family:
    name, labels = PREFIX + metric.name, ["line", *metric.labels]
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, metric.text, labels=labels)
        for values, counts in metric.read(snapshot):
            assert isinstance(counts, Counts)
            histogram.add_metric([snapshot.line, *values], counts.cumulative(), counts.total)
        return histogram
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    plain = make(name, metric.text, labels=labels)
    for values, number in metric.read(snapshot):
        assert not isinstance(number, Counts)
        plain.add_metric([snapshot.line, *values], float(number))
    return plain


@router.get("/metrics")
def metrics(request: Request, world: WorldOf, visitor: VisitorOf) -> Response:
    """Give every metric, to this PC, to whoever has a token, or to anybody where the site file says so."""
    if not (world.plan.metrics_open or visitor.by != "nobody" or _here(request)):
        sentence = 'metrics want a token (wheeltapper user token), or [serve] metrics = "open"'
        raise Refused(401, sentence, {"www-authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(world))
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), media_type=kind)


def _here(request: Request) -> bool:
    """Tell whether this PC asks; uvicorn has put the address that a proxy on this PC names in place of its own."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
