"""From a snapshot to what the line view shows: plain records, no HTML."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from analytics.decision.verdict import Evaluation
from gateway.processes.snapshot import PartView, Snapshot, StationView

#: Word on the screen, class, shape: never colour alone.
VERDICTS = {
    Evaluation.OK: ("OK", "ok", "✓"),
    Evaluation.NOT_OK: ("NotOK", "bad", "✕"),
    Evaluation.NOT_DECIDABLE: ("NotDecidable", "unsure", "?"),
    Evaluation.UNDEFINED: ("no verdict", "idle", "–"),
}
CALM, WARNING, BAD = ("calm", "●"), ("unsure", "▲"), ("bad", "■")
_BAR_MAX = 2.0  #: of the score bar; the limit stands in its middle


@dataclass(frozen=True, slots=True)
class Chip:
    """One of the last parts."""

    word: str
    tone: str
    shape: str


@dataclass(frozen=True, slots=True)
class Card:
    """One station on the line view."""

    name: str
    title: str
    word: str  #: the giant one
    tone: str  #: ok | bad | unsure | idle | calm
    shape: str
    detail: str  #: one line under it
    score: float | None = None
    bar: float | None = None  #: 0..1, 0.5 being the limit
    mode: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    chips: tuple[Chip, ...] = ()
    warning: str = ""
    link: str = ""  #: of what is shown


def cards_of(snapshot: Snapshot, zone: tzinfo, *, stale: bool = False) -> tuple[Card, ...]:
    """Make a card of every station; of a station nothing is known of, one that says so."""
    return tuple(_card(snapshot, station, zone, stale=stale) for station in snapshot.stations)


def _card(snapshot: Snapshot, station: StationView, zone: tzinfo, *, stale: bool) -> Card:
    if station.part is None or stale or not station.worker_alive:
        return machine_card(snapshot, station, stale=stale)
    card = _part_card(station, station.part, station.title or station.name, zone)
    if not station.asset:
        return card
    machine = machine_card(snapshot, station, stale=stale)  # of one ear's two flows the parts come first
    return replace(card, facts=(*card.facts, ("machine", f"{machine.shape} {machine.word}")))


def machine_card(snapshot: Snapshot, station: StationView, *, stale: bool) -> Card:
    """Make the card of a station's machine, also where it judges parts besides."""
    title = station.title or station.name
    if stale or not station.worker_alive:
        why = "the gateway is silent" if stale else "its worker process is being restarted"
        return Card(station.name, title, "no signal", "unsure", "!", why, warning=why)
    return _machine_card(snapshot, station, title)


def _part_card(station: StationView, part: PartView, title: str, zone: tzinfo) -> Card:
    counters, last, score = part.counters, part.last, None
    word, tone, shape, detail, link = "waiting", "idle", "–", part.link_sentence, ""
    if last is not None:
        word, tone, shape = VERDICTS[last.verdict.evaluation]
        score, detail = last.verdict.score, last.verdict.reason
        if last.verdict.defect:
            word = f"{word} {last.verdict.defect}"
        link = f"/stations/{station.name}/parts/{last.sequence}"
    elif counters.taught:
        word, detail = "learning", f"{counters.taught} known-good parts heard"
    facts = [
        ("part", f"#{last.sequence} {last.part_id}".strip() if last else "–"),
        ("at", f"{datetime.fromisoformat(last.wall).astimezone(zone):%H:%M:%S}" if last else "–"),
        ("parts", f"{counters.parts:,}"),
        ("NotOK", f"{counters.not_ok:,}"),
        ("NotDecidable", f"{counters.not_decidable:,}"),
        ("PLC", part.link),
    ]
    return Card(
        station.name, title, word, tone, shape, detail, score,
        None if score is None else min(score / _BAR_MAX, 1.0),
        part.mode, tuple(facts), tuple(Chip(*VERDICTS[Evaluation(one)]) for one in part.chips), _ear_warning(station),
        link,
    )  # fmt: skip


def _machine_card(snapshot: Snapshot, station: StationView, title: str) -> Card:
    condition = station.condition
    if condition is None:
        return Card(station.name, title, "waiting", "idle", "–", "no condition yet", warning=_ear_warning(station))
    level, said = condition.level_over_baseline_db, condition.diagnosis
    active = [one for one in condition.episodes if one.active]
    word, (tone, shape), detail = "normal", CALM, said.reason
    if condition.running is False:
        word, tone, shape, detail = "stopped", "idle", "–", "the machine does not run"
    elif level is None:
        word, tone, shape, detail = "learning", "idle", "–", condition.baseline
    elif active:
        worst = max(active, key=lambda one: one.severity == "critical")
        word, (tone, shape), detail = worst.failure_mode, BAD if worst.severity == "critical" else WARNING, worst.text
    elif said.name not in ("none", "undecided"):
        word, (tone, shape) = said.name, WARNING
    elif said.name == "undecided":
        word = "undecided"
    orders = [one for one in snapshot.incidents if one.station == station.name]
    facts = [
        ("over normal", "–" if level is None else f"{level:+.1f} dB"),
        ("speed", "–" if condition.rpm is None else f"{condition.rpm:.0f} rpm"),
        ("wear", "–" if condition.wear is None else f"{condition.wear.level}, {condition.wear.trend}"),
        ("asset", station.asset or "–"),
        ("order", orders[0].order if orders else "none"),
    ]
    link = f"/stations/{station.name}"
    return Card(
        station.name, title, word, tone, shape, detail, facts=tuple(facts), warning=_ear_warning(station), link=link
    )


def _ear_warning(station: StationView) -> str:
    ear = station.ear
    if ear is None:
        return "the microphone has not been heard yet"
    return ear.sentence if ear.quality else ""
