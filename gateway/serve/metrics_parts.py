"""Metrics of the part flow."""

from collections.abc import Callable, Iterator

from analytics.quality.words import Quality
from gateway.processes.snapshot import ANSWER_BOUNDS_S, SCORE_BOUNDS, UNSAID, PartView, Snapshot
from gateway.serve.metrics_kinds import STATION, Counts, Kind, Metric, Read, Sample, each

#: Of the handshake, beside verdicts: outcomes of parts, and what is no part's outcome.
COUNTED = ("late", "missed", "overrun", "aborted", "lost", "taught")
HAPPENED = ("bad_input", "old_trigger", "torn", "unjudged", "voided", "stale_verdict")
VERDICTS = (("OK", "ok"), ("NotOK", "not_ok"), ("NotDecidable", "not_decidable"))


def _part(pick: Callable[[PartView], float | None]) -> Read:
    return each(lambda station: pick(station.part) if station.part is not None else None)


def _of_part(pick: Callable[[PartView], Iterator[tuple[tuple[str, ...], float | Counts]]]) -> Read:
    """Several of each part station."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for station in snapshot.stations:
            if station.part is not None:
                yield from (((station.name, *labels), value) for labels, value in pick(station.part))

    return read


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
    Metric("station_ready", Kind.GAUGE, "1 while a part would be judged", STATION, _part(lambda p: p.ready)),
    Metric("plc_link_up", Kind.GAUGE, "1 while the PLC is connected", STATION, _part(lambda p: p.link == "up")),
    Metric(
        "plc_heartbeat_age_seconds",
        Kind.GAUGE,
        "Since PlcHeartbeat last changed; none while not read",
        STATION,
        _beat_ages,
    ),
    Metric("parts", Kind.COUNTER, "Parts by what the PLC was told", ("station", "verdict"), _of_part(_verdicts)),
    Metric(
        "not_decidable_parts",
        Kind.COUNTER,
        "NotDecidable parts by what was wrong; one part may have several",
        ("station", "quality"),
        _of_part(_causes),
    ),
    Metric(
        "trigger_events",
        Kind.COUNTER,
        "What else came of triggers; docs/metrics.md explains the words",
        ("station", "event"),
        _of_part(_events),
    ),
    Metric(
        "answer_seconds",
        Kind.HISTOGRAM,
        "Capture complete to result answered, of judged parts",
        STATION,
        _of_part(_answers),
    ),
    Metric("part_score", Kind.HISTOGRAM, "Scores of parts; 1 is the limit", STATION, _of_part(_scores)),
    Metric(
        "last_score",
        Kind.GAUGE,
        "Score of the last part",
        STATION,
        _part(lambda p: None if p.last is None else p.last.verdict.score),
    ),
    Metric(
        "last_verdict",
        Kind.GAUGE,
        "Of the last part: 1 OK, 2 NotOK, 3 NotDecidable",
        STATION,
        _part(lambda p: None if p.last is None else int(p.last.verdict.evaluation)),
    ),
    Metric(
        "recipe_info",
        Kind.GAUGE,
        "The recipe in use for each type of part; always 1",
        ("station", "part_type", "recipe", "version", "hash", "provisional", "usable"),
        _of_part(_recipes),
    ),
)
