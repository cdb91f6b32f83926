"""Metrics of the gateway as a whole, of its stations and their ears."""

import platform
from collections.abc import Callable, Iterator

import psutil

from gateway.processes.alarms import GATEWAY_ALARMS, STATION_ALARMS
from gateway.processes.messages import EarReport
from gateway.processes.snapshot import ProcessView, Snapshot
from gateway.serve.metrics_kinds import STATION, Kind, Metric, Read, Sample, each

PROCESS = ("process",)
SEVERITIES = ("critical", "warning")


def _one(pick: Callable[[Snapshot], float]) -> Read:
    def read(snapshot: Snapshot) -> Iterator[Sample]:
        yield (), pick(snapshot)

    return read


def _ear(pick: Callable[[EarReport], float | None]) -> Read:
    """Of an ear that is heard of: without its worker nobody knows how it is."""
    return each(lambda station: pick(station.ear) if station.ear is not None and station.worker_alive else None)


def _build(snapshot: Snapshot) -> Iterator[Sample]:
    yield (snapshot.version, platform.python_version()), 1.0


def _processes(pick: Callable[[Snapshot, ProcessView], float]) -> Read:
    """Of every process that stays; an errand comes and goes under a new name each time."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for process in snapshot.processes:
            if not process.errand:
                yield (process.name,), pick(snapshot, process)

    return read


def _used(pick: Callable[[psutil.Process], float]) -> Read:
    """Of every process that lives, as the system tells; one that has just died is left out."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        pids = [("main", snapshot.pid), *((one.name, one.pid) for one in snapshot.processes if not one.errand)]
        for name, pid in pids:
            try:
                if pid:
                    yield (name,), pick(psutil.Process(pid))
            except psutil.Error:
                continue

    return read


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _incidents(snapshot: Snapshot) -> Iterator[Sample]:
    heard = [one.severity for one in snapshot.incidents if one.cleared_at is None]
    for severity in dict.fromkeys((*SEVERITIES, *heard)):
        yield (severity,), heard.count(severity)


def _alarms(snapshot: Snapshot) -> Iterator[Sample]:
    standing = {(one.station, one.name) for one in snapshot.alarms if one.active}
    known = [("", name) for name in GATEWAY_ALARMS]
    known += [(station.name, name) for station in snapshot.stations for name in STATION_ALARMS]
    for key in dict.fromkeys((*known, *sorted(standing))):
        yield key, float(key in standing)


def _rate(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.budget is not None:
        yield (), snapshot.budget.rate


GATEWAY = (
    Metric("build_info", Kind.GAUGE, "Version of wheeltapper and of Python; always 1", ("version", "python"), _build),
    Metric(
        "process_up",
        Kind.GAUGE,
        "1 while the process lives",
        PROCESS,
        _processes(lambda _, process: process.alive),
    ),
    Metric(
        "process_restarts",
        Kind.COUNTER,
        "Times the process was brought back",
        PROCESS,
        _processes(lambda _, process: process.restarts),
    ),
    Metric(
        "messages_dropped",
        Kind.COUNTER,
        "Messages lost by a full queue to the process",
        PROCESS,
        _processes(lambda snapshot, process: snapshot.dropped.get(process.name, 0)),
    ),
    Metric(
        "process_cpu_seconds",
        Kind.COUNTER,
        "Processor time, user and system",
        PROCESS,
        _used(_cpu_s),
    ),
    Metric(
        "process_resident_memory_bytes",
        Kind.GAUGE,
        "Memory, what processes share counted in each",
        PROCESS,
        _used(lambda process: process.memory_info().rss),
    ),
    Metric("outbox_pending", Kind.GAUGE, "Orders and messages on their way", (), _one(lambda s: s.outbox_waiting)),
    Metric("outbox_failed", Kind.GAUGE, "Orders that need a person", (), _one(lambda s: s.outbox_stuck)),
    Metric("incidents_open", Kind.GAUGE, "Incidents that are heard now", ("severity",), _incidents),
    Metric(
        "incidents_unacknowledged",
        Kind.GAUGE,
        "Incidents that are heard now and nobody has acknowledged",
        (),
        _one(lambda s: sum(one.cleared_at is None and one.acknowledged_by is None for one in s.incidents)),
    ),
    Metric(
        "alarm_active",
        Kind.GAUGE,
        "1 while the alarm stands; station is empty for the gateway as a whole",
        ("station", "alarm"),
        _alarms,
    ),
    Metric(
        "alarms_per_operator",
        Kind.GAUGE,
        "Alarms of the last ten minutes for each operator, busiest channel",
        (),
        _rate,
    ),
)

# ---- ears -----------------------------------------------------------------------------------------------------------


def _words(snapshot: Snapshot) -> Iterator[Sample]:
    for station in snapshot.stations:
        if station.ear is not None and station.worker_alive:
            yield from (((station.name, word), 1.0) for word in dict.fromkeys(station.ear.quality))


EARS = (
    Metric("worker_up", Kind.GAUGE, "1 while its judging process lives", STATION, each(lambda s: s.worker_alive)),
    Metric(
        "ear_good",
        Kind.GAUGE,
        "1 while nothing is wrong with the microphone",
        STATION,
        _ear(lambda ear: not ear.quality),
    ),
    Metric(
        "ear_fault",
        Kind.GAUGE,
        "1 for each thing that is wrong with the microphone",
        ("station", "quality"),
        _words,
    ),
    Metric(
        "ear_level_decibels",
        Kind.GAUGE,
        "RMS of the last second, re full scale",
        STATION,
        _ear(lambda ear: ear.level_db),
    ),
    Metric(
        "ear_gaps",
        Kind.COUNTER,
        "Holes in the sound since the source was opened",
        STATION,
        _ear(lambda ear: ear.gaps),
    ),
    Metric(
        "ear_lost_samples",
        Kind.COUNTER,
        "Samples lost since the source was opened",
        STATION,
        _ear(lambda ear: ear.lost_samples),
    ),
    Metric(
        "ear_sample_age_seconds",
        Kind.GAUGE,
        "Age of the newest sample when it was looked at",
        STATION,
        _ear(lambda ear: ear.last_sample_age_s),
    ),
    Metric(
        "maintenance_window",
        Kind.GAUGE,
        "1 while the station is under maintenance",
        STATION,
        lambda s: (((one.name,), float(one.name in {w.station for w in s.windows})) for one in s.stations),
    ),
)
