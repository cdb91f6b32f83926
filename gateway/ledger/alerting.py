"""Where incidents become messages: in the transaction that decided them, so none is lost and none is made twice."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.notify.port import Notice
from gateway.incidents import quiet, sifting
from gateway.incidents.alerts import Alert, Moment, Say, follow
from gateway.incidents.book import Incident
from gateway.incidents.message import message_text, message_title
from gateway.incidents.rules import Heard
from gateway.ledger import notices
from gateway.ledger.page import Page
from gateway.ledger.plan import LedgerPlan
from gateway.processes.ledger_messages import EventRecord
from gateway.store.records import add_event

EPISODES_NOTED = 1_000  #: kept-back episodes remembered, so that each is written down once


def sift(page: Page, heard: Heard, plan: LedgerPlan, confidence: float | None) -> Heard | None:
    """Take a new episode in: None where it is kept back; else with what the plant's tags say of it in its sentence.

    Parameters
    ----------
    confidence
        Of whoever heard it, 0..1; None where it has no figure.
    """
    rules, about = plan.alerts, (heard.station, heard.zone, heard.failure_mode)
    why = sifting.kept_back(rules.inhibits, *about, page.book, page.tags)
    if why:
        _note(page, heard, why)
        return None
    belief = sifting.weigh(rules.witnesses, about, confidence, page.tags)
    page.beliefs[heard.episode] = belief.confidence
    return replace(heard, text=f"{heard.text}; {belief.sentence}") if belief.sentence else heard


def _note(page: Page, heard: Heard, why: str) -> None:
    """Write down, once an episode, that it was kept back."""
    if heard.episode in page.noted:
        return
    page.noted[heard.episode] = None
    if len(page.noted) > EPISODES_NOTED:
        del page.noted[next(iter(page.noted))]
    said = f"kept back ({why}): {heard.text}"
    add_event(page.db, EventRecord(page.wall, heard.station, "episode-kept-back", said))
    page.written.changed = True


def look(page: Page, plan: LedgerPlan) -> None:
    """Look at every incident that is not forgotten, and queue what is to be said. The book is saved already."""
    if not plan.alerts.rules.routes:
        return
    zone, policy = ZoneInfo(plan.timezone), plan.policy
    moment = Moment(page.now, lambda at: at.astimezone(zone))
    known = notices.load(page.db, page.book.incidents)
    for incident in page.book.incidents.values():
        before = known.get(incident.id)
        fresh = before or Alert(incident.id, confidence=_belief(page, incident))
        event = policy.event(incident.station, incident.failure_mode)
        resting = quiet.resting(page.book, incident)
        after, says = follow(fresh, incident, plan.alerts.rules, moment, event=event, resting=resting)
        if after != before:
            notices.save(page.db, after)
        for say in says:
            notices.add(page.db, after, say.channel, _notice(say, after, incident, plan, zone), page.wall)
        if says:
            page.written.changed = True


def _belief(page: Page, incident: Incident) -> float:
    """Give what was made of the episode that raised it, in this very batch."""
    return next((page.beliefs[one] for one in incident.episodes if one in page.beliefs), 0.5)


def _notice(say: Say, alert: Alert, incident: Incident, plan: LedgerPlan, zone: ZoneInfo) -> Notice:
    entry = plan.entry(incident.station)
    name = (entry.title or entry.name) if entry is not None else incident.station
    place = ", ".join(part for part in (name, incident.zone, plan.line) if part)
    raised = incident.raised_at.astimezone(zone)
    return Notice(
        key=incident.id if alert.round == 1 else f"{incident.id}.{alert.round}",
        act=say.act,
        title=message_title(incident),
        text=message_text(incident, alert, place=place, since=f"{raised:%Y-%m-%d %H:%M %Z}"),
        severity=incident.severity,
        line=plan.line,
        station=incident.station,
        zone=incident.zone,
        asset=incident.asset,
        failure_mode=incident.failure_mode,
        raised_at=_seconds(raised),
        page=plan.link(incident.id),
    )


def _seconds(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
