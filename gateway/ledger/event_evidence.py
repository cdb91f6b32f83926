"""Keeps what an event of sound was raised on: its spectrum, and its sound where the site file lets it be written."""

from gateway.ledger import spectra
from gateway.ledger.page import Clip, Page
from gateway.processes.sounds import EventEvidence
from gateway.store.event_clips import EventClip, add_event_clip


def keep(page: Page, station: str, heard: EventEvidence, sound: str) -> None:
    """Write the spectrum, and have the clip kept once it is committed.

    Parameters
    ----------
    page, station
        The transaction, and where it was heard.
    heard
        The evidence; of an episode that was kept back nothing is written.
    sound
        never | rejects | all: checked here too, whoever sent it.
    """
    incident = page.book.of_episode(heard.episode)
    if incident is None:
        return
    spectra.keep_event(page, station, incident, heard)
    if heard.sound is None or sound == "never":
        return
    wall, kind = page.wall, incident.failure_mode
    page.written.clips.append(
        Clip(
            f"{station}-{kind}",
            heard.rate,
            heard.sound,
            lambda db, file, sha256: add_event_clip(db, EventClip(incident.id, wall, kind, file, sha256)),
        )
    )
