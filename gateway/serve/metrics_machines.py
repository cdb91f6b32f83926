"""Metrics of machines, and of taught kinds of sound."""

from collections.abc import Callable, Iterator

from gateway.processes.condition import ConditionReport
from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.machine_tags import LEVELS
from gateway.serve.metrics_kinds import STATION, Kind, Metric, Read, Sample, each

_MACHINE = ("station", "asset")
HOUR_S = 3600.0


def _of_machine(pick: Callable[[ConditionReport], Iterator[tuple[tuple[str, ...], float | None]]]) -> Read:
    """Of a machine that is heard: while its ear is not good or it stands still, yesterday's number is no number."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for station in snapshot.stations:
            if station.condition is not None and machine_heard(station):
                for labels, value in pick(station.condition):
                    if value is not None:
                        yield (station.name, station.asset, *labels), value

    return read


def machine_heard(station: StationView) -> bool:
    """Tell whether what is said of a machine is of now."""
    condition = station.condition
    return condition is not None and station.worker_alive and not condition.quality and condition.running is not False


def _machine(pick: Callable[[ConditionReport], float | None]) -> Read:
    return _of_machine(lambda condition: iter((((), pick(condition)),)))


def _heard(snapshot: Snapshot) -> Iterator[Sample]:
    for station in snapshot.stations:
        if station.condition is not None:
            yield (station.name, station.asset), float(machine_heard(station))


def _running(snapshot: Snapshot) -> Iterator[Sample]:
    for station in snapshot.stations:
        if station.condition is not None and station.condition.running is not None:
            yield (station.name, station.asset), float(station.condition.running)


def _diagnosis(condition: ConditionReport) -> Iterator[tuple[tuple[str, ...], float]]:
    yield (condition.diagnosis.name, condition.diagnosis.bearing), 1.0


def _wear(condition: ConditionReport) -> Iterator[tuple[tuple[str, ...], float]]:
    if condition.wear is not None:
        yield from (((level,), float(condition.wear.level == level)) for level in LEVELS)


def _life(condition: ConditionReport) -> Iterator[tuple[tuple[str, ...], float]]:
    if condition.wear is not None and (life := condition.wear.life) is not None:
        for bound, hours in (("low", life.low_h), ("mid", life.mid_h), ("high", life.high_h)):
            yield (bound,), hours * HOUR_S


MACHINES = (
    Metric("machine_heard", Kind.GAUGE, "1 while what is said of the machine is of now", _MACHINE, _heard),
    Metric("machine_running", Kind.GAUGE, "1 while the plant's tags say that it runs", _MACHINE, _running),
    Metric(
        "machine_speed_rpm",
        Kind.GAUGE,
        "Speed of the shaft, 1/min as on its plate",
        _MACHINE,
        _machine(lambda c: c.rpm),
    ),
    Metric(
        "machine_level_over_baseline_decibels",
        Kind.GAUGE,
        "Level over the learned baseline; none while it is learned",
        _MACHINE,
        _machine(lambda c: c.level_over_baseline_db),
    ),
    Metric(
        "machine_wear_over_baseline_decibels",
        Kind.GAUGE,
        "Wear over baseline, what load and speed explain taken off",
        _MACHINE,
        _machine(lambda c: None if c.wear is None else c.wear.over_db),
    ),
    Metric(
        "machine_wear_level",
        Kind.GAUGE,
        "1 for the level it is at: normal, warning, alarm",
        (*_MACHINE, "level"),
        _of_machine(_wear),
    ),
    Metric(
        "machine_diagnosis_info",
        Kind.GAUGE,
        "What the sound points to now; always 1",
        (*_MACHINE, "diagnosis", "bearing"),
        _of_machine(_diagnosis),
    ),
    Metric(
        "machine_remaining_life_seconds",
        Kind.GAUGE,
        "Running time left, ends and middle; none without a trend",
        (*_MACHINE, "bound"),
        _of_machine(_life),
    ),
    Metric(
        "sound_event_active",
        Kind.GAUGE,
        "1 while a taught kind of sound is heard",
        STATION,
        each(lambda s: None if s.sounds is None else any(one.active for one in s.sounds.episodes)),
    ),
)
