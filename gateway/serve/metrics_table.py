"""Every metric, once: name, kind, labels, help, and how it is read off a snapshot.

`/metrics` and the list in docs/metrics.md are both made from this table, so that they cannot drift apart. Names follow
the practices of Prometheus: one prefix, base units, `_total` on what only grows. What nobody knows has no sample: a
number that cannot be trusted is never a plain value.
"""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from gateway.processes.alarms import GATEWAY_ALARMS, STATION_ALARMS
from gateway.processes.condition import ConditionReport
from gateway.processes.messages import EarReport
from gateway.processes.snapshot import ANSWER_BOUNDS_S, SCORE_BOUNDS, UNSAID, PartView, Snapshot, StationView
from gateway.serve.tags import LEVELS

PREFIX = "wheeltapper_"
#: Of the handshake, beside verdicts: outcomes of parts, and what is no part's outcome.
COUNTED = ("late", "missed", "overrun", "aborted", "lost", "taught")
HAPPENED = ("bad_input", "old_trigger", "torn", "unjudged", "voided", "stale_verdict")
VERDICTS = (("OK", "ok"), ("NotOK", "not_ok"), ("NotDecidable", "not_decidable"))
SEVERITIES = ("critical", "warning")


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


def _one(pick: Callable[[Snapshot], float]) -> Read:
    def read(snapshot: Snapshot) -> Iterator[Sample]:
        yield (), pick(snapshot)

    return read


def _each(pick: Callable[[StationView], float | None]) -> Read:
    """Of every station that has it."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for station in snapshot.stations:
            if (value := pick(station)) is not None:
                yield (station.name,), value

    return read


def _ear(pick: Callable[[EarReport], float | None]) -> Read:
    """Of an ear that is heard of: without its worker nobody knows how it is."""
    return _each(lambda station: pick(station.ear) if station.ear is not None and station.worker_alive else None)


def _part(pick: Callable[[PartView], float | None]) -> Read:
    return _each(lambda station: pick(station.part) if station.part is not None else None)


def _of_part(pick: Callable[[PartView], Iterator[tuple[tuple[str, ...], float | Counts]]]) -> Read:
    """Several of each part station."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for station in snapshot.stations:
            if station.part is not None:
                yield from (((station.name, *labels), value) for labels, value in pick(station.part))

    return read


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


# ---- the gateway ----------------------------------------------------------------------------------------------------


def _build(snapshot: Snapshot) -> Iterator[Sample]:
    yield (snapshot.version, platform.python_version()), 1.0


def _processes(pick: Callable[[Snapshot], Iterator[tuple[str, float]]]) -> Read:
    return lambda snapshot: (((name,), value) for name, value in pick(snapshot))


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
        *("process_up", Kind.GAUGE, "1 while the process lives", ("process",)),
        _processes(lambda s: ((one.name, float(one.alive)) for one in s.processes if not one.errand)),
    ),
    Metric(
        *("process_restarts", Kind.COUNTER, "Times the process was brought back", ("process",)),
        _processes(lambda s: ((one.name, one.restarts) for one in s.processes if not one.errand)),
    ),
    Metric(
        *("messages_dropped", Kind.COUNTER, "Messages lost by a full queue to the process", ("process",)),
        _processes(lambda s: ((one.name, s.dropped.get(one.name, 0)) for one in s.processes if not one.errand)),
    ),
    Metric("outbox_pending", Kind.GAUGE, "Orders and messages on their way", (), _one(lambda s: s.outbox_waiting)),
    Metric("outbox_failed", Kind.GAUGE, "Orders that need a person", (), _one(lambda s: s.outbox_stuck)),
    Metric("incidents_open", Kind.GAUGE, "Incidents that are heard now", ("severity",), _incidents),
    Metric(
        *("incidents_unacknowledged", Kind.GAUGE, "Incidents that are heard now and nobody has acknowledged", ()),
        _one(lambda s: sum(one.cleared_at is None and one.acknowledged_by is None for one in s.incidents)),
    ),
    Metric(
        *("alarm_active", Kind.GAUGE, "1 while the alarm stands; station is empty for the gateway as a whole"),
        *(("station", "alarm"), _alarms),
    ),
    Metric(
        *("alarms_per_operator", Kind.GAUGE, "Alarms of the last ten minutes for each operator, busiest channel"),
        *((), _rate),
    ),
)

# ---- ears -----------------------------------------------------------------------------------------------------------


def _words(snapshot: Snapshot) -> Iterator[Sample]:
    for station in snapshot.stations:
        if station.ear is not None and station.worker_alive:
            yield from (((station.name, word), 1.0) for word in station.ear.quality)


EARS = (
    Metric("worker_up", Kind.GAUGE, "1 while its judging process lives", ("station",), _each(lambda s: s.worker_alive)),
    Metric(
        *("ear_good", Kind.GAUGE, "1 while nothing is wrong with the microphone", ("station",)),
        _ear(lambda ear: not ear.quality),
    ),
    Metric(
        *("ear_fault", Kind.GAUGE, "1 for each thing that is wrong with the microphone", ("station", "quality")),
        _words,
    ),
    Metric(
        *("ear_level_decibels", Kind.GAUGE, "RMS of the last second, re full scale", ("station",)),
        _ear(lambda ear: ear.level_db),
    ),
    Metric(
        *("ear_gaps", Kind.COUNTER, "Holes in the sound since the source was opened", ("station",)),
        _ear(lambda ear: ear.gaps),
    ),
    Metric(
        *("ear_lost_samples", Kind.COUNTER, "Samples lost since the source was opened", ("station",)),
        _ear(lambda ear: ear.lost_samples),
    ),
    Metric(
        *("ear_sample_age_seconds", Kind.GAUGE, "Age of the newest sample when it was looked at", ("station",)),
        _ear(lambda ear: ear.last_sample_age_s),
    ),
    Metric(
        *("maintenance_window", Kind.GAUGE, "1 while the station is under maintenance", ("station",)),
        lambda s: (((one.name,), float(one.name in {w.station for w in s.windows})) for one in s.stations),
    ),
)

# ---- parts ----------------------------------------------------------------------------------------------------------


def _verdicts(part: PartView) -> Iterator[Sample]:
    return (((word,), getattr(part.counters, field)) for word, field in VERDICTS)


def _causes(part: PartView) -> Iterator[Sample]:
    counted = part.dials.not_decidable
    return (((word,), counted.get(word, 0)) for word in (*map(str, Quality), UNSAID))


def _events(part: PartView) -> Iterator[Sample]:
    yield from (((name,), getattr(part.counters, name)) for name in COUNTED)
    yield from (((name,), part.dials.happened.get(name, 0)) for name in HAPPENED)


def _answers(part: PartView) -> Iterator[Sample]:
    yield (), Counts(ANSWER_BOUNDS_S, part.dials.answers, part.dials.answers_s)


def _scores(part: PartView) -> Iterator[Sample]:
    yield (), Counts(SCORE_BOUNDS, part.dials.scores, part.dials.scores_sum)


def _beat_ages(snapshot: Snapshot) -> Iterator[Sample]:
    for station in snapshot.stations:
        if station.part is not None and (beat_at := station.part.dials.plc_beat_at) is not None:
            yield (station.name,), max(0.0, snapshot.at - beat_at)


def _recipes(part: PartView) -> Iterator[Sample]:
    for number, one in sorted(part.recipes.items()):
        usable = "no" if one.fault else "yes"
        yield (str(number), one.name, str(one.version), one.hash, "yes" if one.provisional else "no", usable), 1.0


def _modes(part: PartView) -> Iterator[Sample]:
    yield (part.mode,), 1.0


PARTS = (
    Metric(
        "station_mode_info", Kind.GAUGE, "observe, shadow or active; always 1", ("station", "mode"), _of_part(_modes)
    ),
    Metric("station_ready", Kind.GAUGE, "1 while a part would be judged", ("station",), _part(lambda p: p.ready)),
    Metric("plc_link_up", Kind.GAUGE, "1 while the PLC is connected", ("station",), _part(lambda p: p.link == "up")),
    Metric(
        *("plc_heartbeat_age_seconds", Kind.GAUGE, "Since PlcHeartbeat last changed; none while not read"),
        *(("station",), _beat_ages),
    ),
    Metric("parts", Kind.COUNTER, "Parts by what the PLC was told", ("station", "verdict"), _of_part(_verdicts)),
    Metric(
        *("not_decidable_parts", Kind.COUNTER, "NotDecidable parts by what was wrong; one part may have several"),
        *(("station", "quality"), _of_part(_causes)),
    ),
    Metric(
        *("trigger_events", Kind.COUNTER, "What else came of triggers; the words are explained below"),
        *(("station", "event"), _of_part(_events)),
    ),
    Metric(
        *("answer_seconds", Kind.HISTOGRAM, "Capture complete to result answered, of judged parts", ("station",)),
        _of_part(_answers),
    ),
    Metric("part_score", Kind.HISTOGRAM, "Scores of parts; 1 is the limit", ("station",), _of_part(_scores)),
    Metric(
        *("last_score", Kind.GAUGE, "Score of the last part", ("station",)),
        _part(lambda p: None if p.last is None else p.last.verdict.score),
    ),
    Metric(
        *("last_verdict", Kind.GAUGE, "Of the last part: 1 OK, 2 NotOK, 3 NotDecidable", ("station",)),
        _part(lambda p: None if p.last is None else int(Evaluation(p.last.verdict.evaluation))),
    ),
    Metric(
        *("recipe_info", Kind.GAUGE, "The recipe in use for each type of part; always 1"),
        *(("station", "part_type", "recipe", "version", "hash", "provisional", "usable"), _of_part(_recipes)),
    ),
)

# ---- machines and sounds --------------------------------------------------------------------------------------------

_MACHINE = ("station", "asset")
HOUR_S = 3600.0


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
        *("machine_level_over_baseline_decibels", Kind.GAUGE, "None while the baseline is learned", _MACHINE),
        _machine(lambda c: c.level_over_baseline_db),
    ),
    Metric(
        *("machine_wear_over_baseline_decibels", Kind.GAUGE, "What load and speed explain taken off", _MACHINE),
        _machine(lambda c: None if c.wear is None else c.wear.over_db),
    ),
    Metric(
        *("machine_wear_level", Kind.GAUGE, "1 for the level it is at: normal, warning, alarm"),
        *((*_MACHINE, "level"), _of_machine(_wear)),
    ),
    Metric(
        *("machine_diagnosis_info", Kind.GAUGE, "What the sound points to now; always 1"),
        *((*_MACHINE, "diagnosis", "bearing"), _of_machine(_diagnosis)),
    ),
    Metric(
        *("machine_remaining_life_seconds", Kind.GAUGE, "Running time left, ends and middle; none without a trend"),
        *((*_MACHINE, "bound"), _of_machine(_life)),
    ),
    Metric(
        *("sound_event_active", Kind.GAUGE, "1 while a taught kind of sound is heard", ("station",)),
        _each(lambda s: None if s.sounds is None else any(one.active for one in s.sounds.episodes)),
    ),
)

METRICS: Sequence[Metric] = (*GATEWAY, *EARS, *PARTS, *MACHINES)
