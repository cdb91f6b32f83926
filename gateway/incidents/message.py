"""The words of a message to people: short enough for a telephone, whole enough to act on."""

from gateway.incidents.advice import ADVICE
from gateway.incidents.alerts import Alert
from gateway.incidents.book import Incident
from gateway.incidents.text import DISCLAIMER, cut

TITLE_MAX = 150  #: characters; two SMS segments of 70 where it holds an umlaut

LISTEN = "Look, and say whether it was so: it is heard, not seen."


def message_title(incident: Incident) -> str:
    """Compose one line: how grave, and the episode's own sentence up to its first semicolon."""
    head = incident.text.partition(";")[0]
    word = "CRITICAL" if incident.severity == "critical" else "warning"
    return cut(f"{word}: {head}", TITLE_MAX).replace("\n", " ")


def message_text(incident: Incident, alert: Alert, *, place: str, since: str) -> str:
    """Compose the body.

    Parameters
    ----------
    place
        Station, zone and line, for people.
    since
        When the incident was raised, in the line's time.
    """
    advice = ADVICE.get(incident.failure_mode)
    seen = f"Seen by {incident.acknowledged_by}.\n" if incident.acknowledged_by else ""
    over = f"Over: {incident.ended_why or 'not heard any more'}.\n" if not incident.active else ""
    return (
        f"{incident.text}\n"
        f"Where: {place}\n"
        f"Since: {since}. Confidence: {_confidence(alert.confidence)}.\n"
        f"{seen}{over}"
        f"Check first: {advice.first if advice else LISTEN}\n"
        f"Incident {incident.id}. {DISCLAIMER}"
    )


def _confidence(value: float) -> str:
    return "no figure" if value == 0.5 else f"{value:.0%}"
