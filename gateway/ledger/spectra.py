"""Keeps the spectrum a diagnosis or an event rests on, with a hash, for the page."""

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from gateway.incidents.book import Incident
from gateway.ledger.page import Page
from gateway.processes.condition import ConditionReport, MachineEvidence
from gateway.processes.sounds import EventEvidence

KEPT = 50  #: of a station; 20 kB each
POINTS_MAX = 2000  #: of a curve; a screen has no more
LINES_MAX = 8


def keep(page: Page, station: str, report: ConditionReport) -> None:
    """Write the spectrum a report brought with a new episode; the oldest of the station make room."""
    evidence = report.evidence
    assert evidence is not None
    of_now = next((one for one in reversed(report.episodes) if one.active), None)
    incident = page.book.of_episode(of_now.id) if of_now else None
    about = (incident.id if incident else "", of_now.text if of_now else report.diagnosis.reason)
    _put(page, station, about, evidence, report)


def keep_event(page: Page, station: str, incident: Incident, heard: EventEvidence) -> None:
    """Write the spectrum of an event of sound."""
    evidence = MachineEvidence(heard.frequency_hz, heard.level_db, (0.0, heard.rate / 2), "sound")
    _put(page, station, (incident.id, incident.text), evidence, None)


def _put(
    page: Page, station: str, about: tuple[str, str], evidence: MachineEvidence, report: ConditionReport | None
) -> None:
    """Write one spectrum, `about` an incident and what is said of it."""
    frequency, level = thinned(evidence.frequency_hz, evidence.envelope)
    of_diagnosis = report.diagnosis.lines if report else ()
    lines = evidence.lines or tuple((line.fault, line.frequency_hz) for line in of_diagnosis)
    row = (
        page.wall,
        station,
        *about,
        evidence.of,
        float(evidence.band_hz[0]),
        float(evidence.band_hz[1]),
        report.rpm if report else None,
        json.dumps([[name, float(hz)] for name, hz in lines[:LINES_MAX]]),
        frequency.astype("<f4").tobytes(),
        level.astype("<f4").tobytes(),
    )
    page.db.execute(
        "INSERT INTO spectra (wall, station, incident, title, kind, band_low_hz, band_high_hz, rpm, lines,"
        " frequency_hz, level, sha256) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (*row, digest(row)),
    )
    page.db.execute(
        "DELETE FROM spectra WHERE station = ? AND id NOT IN"
        " (SELECT id FROM spectra WHERE station = ? ORDER BY id DESC LIMIT ?)",
        (station, station, KEPT),
    )


def digest(row: tuple[object, ...]) -> str:
    """Hash a row as it is stored: every value with its length before it, so that none can lend to its neighbour."""
    whole = hashlib.sha256()
    for value in row:
        content = value if isinstance(value, bytes) else repr(value).encode()
        whole.update(len(content).to_bytes(8, "little") + content)
    return whole.hexdigest()


def thinned(
    frequency: NDArray[np.float32], level: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Keep the highest of so many neighbours that no more than `POINTS_MAX` are left: no line is lost."""
    step = -(-frequency.size // POINTS_MAX)
    if step <= 1:
        return frequency, level
    whole = frequency.size // step * step
    groups = level[:whole].reshape(-1, step)
    highest = np.argmax(groups, axis=1)
    at = np.arange(0, whole, step) + highest
    return frequency[at], level[at]
