"""Sound events at one station: stream -> windows -> embedding -> taught kinds -> episode.

An event is over before a look at a machine would begin, so it raises at once; what follows within half a minute belongs
to it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.decision.persistence import Change, Observation, Persistence, Rule, step
from analytics.few_shot.sound_kinds import STRIDE_S, WINDOW_S, SoundKinds
from gateway.processes.clock import Clock
from gateway.processes.condition import EpisodeView
from gateway.processes.sounds import KindHeard, SoundsReport
from gateway.stations.episodes import Episodes, iso
from gateway.stations.event_sound import EventSound
from gateway.stations.plan import SoundsPlan
from models.embedding import Embedding, ModelError, load_embedding
from models.kinds_folder import load_kinds
from models.recipe_files import RecipeError
from models.sound_kinds import unit

REPORT_S = 1.0
APART_S = 1.0  #: heard again after such a pause: one more of the same


@dataclass(frozen=True, slots=True, eq=False)
class Namer:
    """What a station hears through, and what it tells apart."""

    kinds: SoundKinds
    embedding: Embedding


def load_namer(plan: SoundsPlan) -> Namer:
    """Load what was taught.

    Raises
    ------
    RecipeError, ModelError
        It cannot be used; one sentence.
    """
    found = load_kinds(Path(plan.folder))
    embedding = load_embedding(found.embedding, Path(plan.models) if plan.models else None)
    if embedding.sha256 != found.embedding_sha256:
        raise RecipeError(
            f"{plan.folder}: taught through {found.embedding} {found.embedding_sha256[:12]}..., the one here is"
            f" {embedding.sha256[:12]}...; teach it again"
        )
    unknown = set(plan.severities) - set(found.kinds.names)
    if unknown:
        known = ", ".join(found.kinds.names)
        raise RecipeError(
            f"{plan.folder}: severity of {', '.join(sorted(unknown))}, which was not taught; known: {known}"
        )
    return Namer(found.kinds, embedding)


class SoundsStation:
    """Listens for taught kinds of sound.

    Parameters
    ----------
    name
        Of the station.
    plan
        What the site file says.
    rate
        Samples per second.
    clock
        The gateway's clock; its wall time dates what was heard.
    make_id
        A new random id for an episode.
    load
        Loads what was taught; tests hand in their own.
    """

    def __init__(
        self,
        name: str,
        plan: SoundsPlan,
        rate: int,
        clock: Clock,
        make_id: Callable[[], str],
        load: Callable[[SoundsPlan], Namer] = load_namer,
    ) -> None:
        self._name, self._plan, self._rate, self._clock = name, plan, rate, clock
        self._window, self._stride = round(WINDOW_S * rate), round(STRIDE_S * rate)
        self._rule = Rule(*plan.persist)
        self._episodes = Episodes(self._rule, make_id)
        self._sound = EventSound(rate, keep=plan.keep_sound != "never")
        self._states: dict[str, Persistence] = {}
        self._last: dict[str, KindHeard] = {}
        self._heard_at: dict[str, int] = {}  # kind -> index past the window it was heard in last
        self._held = np.zeros(0, np.float32)
        self._end = 0
        self._latest = ""
        self._report_at = clock.now() + REPORT_S
        self.fault = ""
        self._namer: Namer | None = None
        try:
            self._namer = load(plan)
        except (RecipeError, ModelError) as fault:
            self.fault = str(fault)

    def feed(self, samples: NDArray[np.float32], start: int) -> None:
        """Take samples in, shape (n,), the first one's index being `start`; a jump in it begins a new window."""
        if self._namer is None:
            return
        if start != self._end or not np.isfinite(samples).all():
            self._held = np.zeros(0, np.float32)
            self._states.clear()
        self._end = start + len(samples)
        if not np.isfinite(samples).all():
            return
        self._sound.hear(samples, start)
        self._held = np.concatenate([self._held, samples])
        while len(self._held) >= self._window:
            self._hear(self._held[: self._window], self._end - len(self._held) + self._window)
            self._held = self._held[self._stride :]

    def due(self, now: float) -> bool:
        """Tell whether a report is due: about once a second."""
        return now >= self._report_at

    def report(self, now: float, wall: datetime) -> SoundsReport:
        """Say what was heard; an episode is over where its kind was not heard for `quiet_s`."""
        self._report_at = now + REPORT_S
        quiet = round(self._plan.quiet_s * self._rate)
        for kind, at in list(self._heard_at.items()):
            if self._end - at > quiet:
                self._episodes.hold(("", kind), iso(wall), "", "", there=False)
                del self._heard_at[kind]
        names = self._namer.kinds.names if self._namer else ()
        heard = self._last.get(self._latest)
        episodes, evidence = self._episodes.report(), self._sound.take()
        return SoundsReport(self._name, now, iso(wall), names, heard, episodes, self.fault, evidence)

    # ---- inside -----------------------------------------------------------------------------------------------------

    def _hear(self, window: NDArray[np.float32], end: int) -> None:
        assert self._namer is not None
        kinds = self._namer.kinds
        if window.any():
            vector = unit(self._namer.embedding.embed(np.ascontiguousarray(window), self._rate)[None, :])
            clear = kinds.clear(vector)[0]
        else:
            clear = np.full(len(kinds.names), -1.0)  # digital silence is no sound of any kind
        nearest = int(np.argmax(clear))  # of two kinds at once the clearer one: their lines let one through at most
        for index, kind in enumerate(kinds.names):
            there = index == nearest and clear[index] > 0
            seen = Observation.PRESENT if there else Observation.ABSENT
            state, change = step(self._states.get(kind, Persistence()), seen, self._rule)
            self._states[kind] = state
            if change is Change.RAISED or (there and state.active):
                raised = self._note(kind, kinds.confidence(index, float(clear[index])), end)
                if raised is not None:
                    self._sound.raised(raised.id, window, end)

    def _note(self, kind: str, confidence: float, end: int) -> EpisodeView | None:
        """Write down that a kind was heard; gives its episode where it raised one."""
        wall = self._clock.wall()
        before, at = self._last.get(kind), self._heard_at.get(kind)
        if at is None or before is None:
            self._last[kind] = KindHeard(kind, iso(wall), iso(wall), 1, confidence)
        else:
            again = end - at > APART_S * self._rate
            self._last[kind] = replace(
                before,
                last=iso(wall),
                count=before.count + again,
                confidence=max(before.confidence, confidence),
            )
        self._heard_at[kind], self._latest = end, kind
        where = f" in {self._plan.zone}" if self._plan.zone else ""
        text = f"{self._plan.asset or self._name}: {kind} heard{where}; {confidence:.0%} sure that it was no background"
        severity = self._plan.severities.get(kind, self._plan.severity)
        return self._episodes.hold(("", kind), iso(wall), severity, text, there=True)
