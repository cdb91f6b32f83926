"""The words of a work order, as a technician reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.incidents.advice import ADVICE, ANY, NAMED
from gateway.incidents.book import Incident
from gateway.processes.condition import Diagnosis, Line, WearView

TITLE_MAX = 100  #: characters of DESCRIPTION in Maximo's demo schema; the connector cuts again by the site's own
TEXT_MAX = 8_000  #: far below the 32,000 of the long description; a person reads one page

# A harmonic that stands this far over its surroundings is counted in the evidence line.
HARMONIC_DB_MIN = 6.0


DISCLAIMER = "This is an indication by sound, not a safety statement and no proof of damage."
# ISO 18436-2:2014: Category I collects and compares with alarms and is not responsible for the diagnosis.
CATEGORY = (
    "The gateway compares and points, as a Category I instrument does; the diagnosis is an analyst's (Category II,"
    " ISO 18436-2), for whom spectrum, lines, speed, level and baseline stand here."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was heard of a machine when an incident was raised."""

    title: str  #: the machine, for people: "Pump 7, cooling"
    diagnosis: Diagnosis
    level_over_baseline_db: float | None
    baseline: str
    since: str  #: when the episode began, in the site's time
    line: str  #: the production line's name
    page: str = ""  #: link to the incident on the page; empty where there is none
    wear: WearView | None = None
    named: Mapping[str, float | None] = field(default_factory=dict)  #: named indicators, dB over normal
    covariates: Mapping[str, float] = field(default_factory=dict)  #: load, temperature, ... when it was raised


def order_title(incident: Incident, finding: Finding) -> str:
    """Compose the one line, at most 100 characters: machine, part, indication, level.

    The episode's own sentence says it where it begins with the asset, up to its first semicolon; people's name of the
    machine stands for the asset's number then.
    """
    name, mode = finding.title or incident.asset, incident.failure_mode
    head = incident.text.partition(";")[0].strip()
    if head.startswith(incident.asset) and mode in head:
        where, _, what = head[len(incident.asset) :].partition(":")
        where, tail = f"{name}{where}", f":{what}"
    else:
        part = finding.diagnosis.bearing if finding.diagnosis.fault else ""
        level = finding.level_over_baseline_db
        where = f"{name} {part} bearing" if part else name
        tail = f": {mode if mode.endswith('sound') else f'{mode} indication'}"
        tail += f", {level:+.0f} dB" if level is not None else ""
    room = TITLE_MAX - len(tail)
    title = cut(where, room) + cut(tail, TITLE_MAX) if room > 1 else cut(tail[2:], TITLE_MAX)
    return title.replace("\n", " ")


def order_text(incident: Incident, finding: Finding) -> str:
    """Compose the long description, plain text with newlines."""
    diagnosis = finding.diagnosis
    advice = ADVICE.get(incident.failure_mode, ANY)
    page = f"Page: {finding.page}\n" if finding.page else ""
    level = finding.level_over_baseline_db
    # The worker's sentence may end with the diagnosis' reason, which stands under "how sure" here.
    heard = incident.text.replace(f"; {diagnosis.reason}", "") if diagnosis.reason else incident.text
    compared = "not compared" if level is None else f"{level:+.1f} dB over baseline"
    text = (
        f"Heard: {heard}\n"
        f"Since: {finding.since}. Severity: {incident.severity}.\n"
        f"How sure: {_how_sure(diagnosis)}\n"
        f"Evidence: {_evidence(diagnosis)}\n"
        f"Level: {compared} (baseline {finding.baseline}).\n"
        f"Also considered: {_rivals(diagnosis)}\n"
        f"Wear: {_wear(finding.wear)}\n"
        f"Remaining life: {_life(finding.wear)}\n"
        f"{_beside(finding)}"
        "\n"
        f"Check first: {advice.first}\n"
        f"Would confirm it: {advice.confirm}\n"
        "\n"
        f"{page}"
        f"Machine: {incident.asset}, station {incident.station}, {finding.line}.\n"
        f"Key: {incident.id}\n"
        f"{CATEGORY}\n"
        f"{DISCLAIMER}"
    )
    return cut(text, TEXT_MAX)


def evidence_line(line: Line) -> str:
    """``107.4 Hz = 3.58 x 29.95 Hz, 4 harmonics, 11 to 19 dB over their surroundings``."""
    shaft = line.frequency_hz / line.order if line.order > 0 else 0.0
    clear = [snr for snr in line.harmonics_snr_db if snr >= HARMONIC_DB_MIN]
    head = f"{line.frequency_hz:.1f} Hz = {line.order:.2f} x {shaft:.2f} Hz" if shaft else f"{line.frequency_hz:.1f} Hz"
    if not clear:
        return f"{head}, no harmonic clear of its surroundings"
    low, high = round(min(clear)), round(max(clear))
    span = f"{low} to {high}" if low < high else f"{low}"
    return f"{head}, {len(clear)} harmonic{'s' * (len(clear) > 1)}, {span} dB over their surroundings"


def cut(text: str, most: int) -> str:
    """At most so many characters, at a word's end where one is near, without control characters but newlines."""
    clean = "".join(c if c == "\n" or c.isprintable() else " " for c in text)
    if len(clean) <= most:
        return clean
    head = clean[: most - 1]
    space = head.rfind(" ")
    return (head[:space] if space > most // 2 else head).rstrip(" ,;:") + "…"


def _how_sure(diagnosis: Diagnosis) -> str:
    reason = diagnosis.reason or "the sound stayed changed over several looks"
    if diagnosis.confidence is None:
        return f"no calibrated probability; {reason}"
    return f"{diagnosis.confidence:.0%} that the name is right; {reason}"


def _evidence(diagnosis: Diagnosis) -> str:
    named = [line for line in diagnosis.lines if line.fault == diagnosis.fault]
    if not named and diagnosis.name in (*NAMED, "gear"):
        return f"{diagnosis.reason}; the attached spectrum shows it."
    if not named:
        return "level alone; no line in the envelope spectrum belongs to a known part."
    speed = f" at {diagnosis.rpm:.0f} rpm" if diagnosis.rpm else ""
    return f"{diagnosis.fault} {'; '.join(evidence_line(line) for line in named)}{speed}."


def _wear(wear: WearView | None) -> str:
    return "not judged yet." if wear is None else f"{wear.level}, {wear.trend}; {wear.reason}."


def _life(wear: WearView | None) -> str:
    """Low to high with the middle, in hours of running."""
    if wear is None or wear.life is None:
        return "no trend, so no number."
    life = wear.life
    return (
        f"{_hours(life.low_h)} to {_hours(life.high_h)} h of running, middle {_hours(life.mid_h)} h, if it goes on as"
        " it did: plan by the low end, not by the middle."
    )


def _hours(hours: float) -> str:
    """Two digits are all there is."""
    return f"{float(f'{hours:.2g}'):,.0f}" if hours >= 10 else f"{hours:.1f}"


def _beside(finding: Finding) -> str:
    """Say what else was read of the machine, a line for each kind that was."""
    named = [f"{name} {over:+.1f} dB over normal" for name, over in finding.named.items() if over is not None]
    beside = [f"{name} {value:.4g}" for name, value in finding.covariates.items()]
    lines = [("Indicators", named), ("Beside it", beside)]
    return "".join(f"{head}: {', '.join(found)}.\n" for head, found in lines if found)


def _rivals(diagnosis: Diagnosis) -> str:
    rivals: Sequence[Line] = [line for line in diagnosis.lines if line.fault != diagnosis.fault]
    return (
        "; ".join(f"{line.fault} ({evidence_line(line)})" for line in rivals) + "." if rivals else "nothing stood out."
    )
