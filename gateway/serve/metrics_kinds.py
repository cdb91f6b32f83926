"""What a metric is: name, kind, labels, help, and how it is read off a snapshot.

`/metrics` and the list in docs/metrics.md are both made from the tables of `metrics_gateway`, `metrics_parts` and
`metrics_machines`, so that they cannot drift apart. Names follow the practices of Prometheus: one prefix, base units,
`_total` on what only grows. What nobody knows has no sample: a number that cannot be trusted is never a plain value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from gateway.processes.snapshot import Snapshot, StationView

PREFIX = "wheeltapper_"
STATION = ("station",)  #: labels of most


class Kind(Enum):
    """What a metric is to Prometheus."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Counts:
    """A histogram: how many fell into each bucket, and their sum."""

    bounds: tuple[float, ...]  #: upper, inclusive
    counts: tuple[int, ...]  #: one more than bounds: what lies above all
    total: float

    def cumulative(self) -> list[tuple[str, float]]:
        """Give (upper bound, how many at most that), as Prometheus wants them."""
        found, below = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, float(below)))
        return found


Sample = tuple[tuple[str, ...], float | Counts]
Read = Callable[[Snapshot], Iterator[Sample]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name
        Without the prefix; of a counter without ``_total``, which its kind adds.
    labels
        Beside ``line``, which all have.
    read
        Gives the values of the labels, in their order, and the number.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...]
    read: Read

    @property
    def shown(self) -> str:
        """The name as a query has it."""
        return PREFIX + self.name + ("_total" if self.kind is Kind.COUNTER else "")


def each(pick: Callable[[StationView], float | None]) -> Read:
    """Of every station that has it."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for station in snapshot.stations:
            if (value := pick(station)) is not None:
                yield (station.name,), value

    return read
