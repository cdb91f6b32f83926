"""What the rules decided, as rows: events for people, items for the outbox."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.cmms.port import Order
from gateway.incidents.book import Incident, Tell, What
from gateway.incidents.text import Finding, order_text, order_title
from gateway.ledger import memory, outbox
from gateway.ledger.page import Drawing, Page
from gateway.ledger.picture import Sketch
from gateway.ledger.plan import LedgerPlan
from gateway.processes.condition import ConditionReport, Diagnosis
from gateway.processes.ledger_messages import EventRecord
from gateway.store.records import add_event

HEARD = Diagnosis("none", None, "heard as it was taught by examples")
NO_REPORT = Diagnosis("undecided", None, "no report since the gateway started")

# What needs somebody is said louder than what is a record.
LEVELS = {What.RAISED: "warning", What.GRAVER: "error", What.WITHHELD: "warning"}

LINES_DRAWN = 4


def tell(page: Page, tells: Sequence[Tell], plan: LedgerPlan) -> None:
    """Write what is to be told, in the transaction that decided it."""
    if not tells:
        return
    # Outbox rows refer to the incident's own row, so the book goes first.
    memory.save(page.db, page.saved, page.book)
    page.saved = page.book
    page.written.changed = True
    for one in tells:
        if not one.incident:
            add_event(page.db, EventRecord(page.wall, one.station, one.what, one.sentence))
            continue
        incident = page.book.incidents[one.incident]
        if one.what is What.ORDER:
            _order(page, incident, plan)
        elif one.what is What.NOTE:
            text = f"{_local(page.now, plan):%Y-%m-%d %H:%M %Z}: {one.sentence}"
            outbox.add_note(page.db, incident.id, page.book.orders[incident.id].cmms, text, page.wall)
        else:
            level = LEVELS.get(one.what, "info")
            add_event(page.db, EventRecord(page.wall, incident.station, one.what, one.sentence, level), incident.id)


def _order(page: Page, incident: Incident, plan: LedgerPlan) -> None:
    finding = _finding(page, incident, plan)
    order = Order(
        key=incident.id,
        asset=incident.asset,
        failure_mode=incident.failure_mode,
        title=order_title(incident, finding),
        text=order_text(incident, finding),
        severity=incident.severity,
        reported_at=_local(incident.raised_at, plan).isoformat(timespec="seconds"),
    )
    cmms = page.book.orders[incident.id].cmms
    outbox.add_order(page.db, order, cmms, page.wall)
    said = f"an order for {order.asset} is in the outbox: {order.title}"
    add_event(page.db, EventRecord(page.wall, incident.station, What.ORDER, said), incident.id)
    drawn = page.drawn.get(incident.station)
    if drawn is not None and plan.delivery.pictures:
        item = outbox.add_drawing(page.db, incident.id, cmms, page.wall)
        page.written.drawings.append(Drawing(item, incident.id, order.title, _sketch(order.title, drawn)))


def _finding(page: Page, incident: Incident, plan: LedgerPlan) -> Finding:
    entry = plan.entry(incident.station)
    report = page.reports.get(incident.station)
    return Finding(
        title=(entry.title or entry.name) if entry is not None else incident.station,
        diagnosis=report.diagnosis if report is not None else HEARD if entry and entry.sounds else NO_REPORT,
        level_over_baseline_db=report.level_over_baseline_db if report is not None else None,
        baseline=report.baseline if report is not None else "unknown",
        since=f"{_local(incident.raised_at, plan):%Y-%m-%d %H:%M %Z}",
        line=plan.line,
        page=plan.link(incident.id),
        wear=report.wear if report is not None else None,
        named=report.named if report is not None else {},
        covariates=report.covariates if report is not None else {},
    )


def _sketch(title: str, report: ConditionReport) -> Sketch:
    assert report.evidence is not None
    named = [line for line in report.diagnosis.lines if line.fault == report.diagnosis.fault]
    return Sketch(
        title,
        report.evidence.frequency_hz,
        report.evidence.envelope,
        report.evidence.band_hz,
        report.evidence.lines or [(line.fault, line.frequency_hz) for line in named[:LINES_DRAWN]],
        report.evidence.of,
    )


def _local(at: datetime, plan: LedgerPlan) -> datetime:
    return at.astimezone(ZoneInfo(plan.timezone))
