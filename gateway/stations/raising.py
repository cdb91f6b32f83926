"""From a finished look to episodes: which failure modes were seen, which were not, and what is said of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from analytics.decision.persistence import Observation
from analytics.diagnosis.named import Named
from analytics.diagnosis.result import NONE
from analytics.wear.state import Level
from gateway.processes.condition import Diagnosis, MachineEvidence, WearView
from gateway.stations.episodes import Episodes, iso
from gateway.stations.look import Look, Looking
from gateway.stations.normal import Normal
from gateway.stations.plan import MachinePlan

ABNORMAL = "abnormal sound"
WEAR = "wear"
FAULTS = ("outer race", "inner race", "rolling element")
_BACK_DB = 2.0  # a level counts as normal again so far below the warning
_LATEST_WINDOWS = 4  # 2 s: the level people are told is that of now, not of the record's beginning


class Raising:
    """Steps the episodes of one machine by its looks.

    Parameters
    ----------
    plan, normal, episodes
        Of the machine.
    """

    def __init__(self, plan: MachinePlan, normal: Normal, episodes: Episodes) -> None:
        self._plan = plan
        self._normal = normal
        self._episodes = episodes
        self._modes: defaultdict[str, list[int]] = defaultdict(list)  # failure mode -> places of its indicators
        for place, one in enumerate(plan.indicators):
            self._modes[one.mode].append(place)
        self.named_over_db: dict[str, float | None] = {}  #: of the last look

    def hear(self, looked: Looking, wall: datetime) -> tuple[Diagnosis, MachineEvidence | None]:
        """Take a finished look in; gives what it says of the machine, and the picture where an episode was raised."""
        over = self._level(looked.look)
        self.named_over_db = self._named(looked)
        self._critical = over is not None and over >= self._plan.level_critical_db
        self._rise = "" if over is None else f", {over:+.0f} dB in {self._normal.since(wall)}"
        evidence = self._bearings(looked, wall)
        seen = {mode: self._observed(looked, places) for mode, places in self._modes.items()}
        for mode, observed in seen.items():
            evidence = self._mode(looked, mode, observed, wall) or evidence
        explained = looked.best is not None or Observation.PRESENT in seen.values()
        evidence = self._sound(looked, wall, explained=explained) or evidence
        if self._critical:
            self._episodes.escalate()
        return self._told(looked, seen), evidence

    def hear_wear(self, wear: WearView | None, wall: datetime) -> None:
        """Take a step of wear in: its alarm is an episode of its own where no fault explains it."""
        if wear is None or wear.trend in ("learning", "unknown"):
            return  # nothing was judged: what stands, stands
        alarm = wear.level == Level.ALARM
        explained = any(self._episodes.active(mode) for mode in (*FAULTS, *self._modes, ABNORMAL))
        over = wear.over_db or 0.0
        severity = "critical" if over >= self._plan.level_critical_db else "warning"
        text = f"{self._plan.asset}: {WEAR} indication, {over:+.0f} dB; {wear.reason}"
        if not (alarm and explained):
            self._episodes.hold(("", WEAR), iso(wall), severity, text, there=alarm)

    # ---- bearings -------------------------------------------------------------------------------------------------

    def _bearings(self, looked: Looking, wall: datetime) -> MachineEvidence | None:
        evidence, best = None, looked.best
        for bearing, result in looked.results:
            for mode in FAULTS:
                seen = Observation.UNDECIDED
                if best is not None and (bearing, mode) == (best[0], best[1].name):
                    seen = Observation.PRESENT
                elif result.name == NONE:
                    seen = Observation.ABSENT
                text = f"{self._plan.asset} {bearing.name} bearing: {mode} indication{self._rise}; {result.reason}"
                if self._episodes.observe((bearing.name, mode), seen, iso(wall), self._severity, text):
                    evidence = looked.envelope(result)
        return evidence

    # ---- named indicators -----------------------------------------------------------------------------------------

    def _named(self, looked: Looking) -> dict[str, float | None]:
        return {
            one.name: self._normal.named_over_db(one, measured, looked.look.rpm)
            for one, measured in zip(self._plan.indicators, looked.named, strict=True)
        }

    def _observed(self, looked: Looking, places: Sequence[int]) -> Observation:
        """Whether a failure mode is there: only where every indicator of it says so, for each confirms the others."""
        seen = [self._one(looked, place) for place in places]
        if all(one is Observation.PRESENT for one in seen):
            return Observation.PRESENT
        return Observation.ABSENT if Observation.ABSENT in seen else Observation.UNDECIDED

    def _one(self, looked: Looking, place: int) -> Observation:
        one, measured = self._plan.indicators[place], looked.named[place]
        over = self.named_over_db[one.name]
        if over is None or measured is None:
            return Observation.UNDECIDED
        if over >= one.warning_db:
            return Observation.PRESENT if measured.clear else Observation.UNDECIDED
        return Observation.ABSENT if over < one.warning_db - _BACK_DB else Observation.UNDECIDED

    def _mode(self, looked: Looking, mode: str, seen: Observation, wall: datetime) -> MachineEvidence | None:
        places = self._modes[mode]
        named = [self._plan.indicators[place] for place in places]
        critical = all((self.named_over_db[one.name] or 0.0) >= one.critical_db for one in named)
        severity = "critical" if critical and seen is Observation.PRESENT else self._severity
        rise = f"{self.named_over_db[named[0].name] or 0.0:+.0f} dB in {self._normal.since(wall)}"
        text = f"{self._plan.asset}: {mode} indication, {rise}; {self._reason(named)}"
        raised = self._episodes.observe(("", mode), seen, iso(wall), severity, text)
        return looked.picture(places) if raised else None

    def _reason(self, named: Sequence[Named]) -> str:
        rises = " and ".join(f"{one.name} {self.named_over_db[one.name] or 0.0:+.0f} dB" for one in named)
        return f"{rises} over normal" + (", each confirming the other" if len(named) > 1 else "")

    # ---- the level ------------------------------------------------------------------------------------------------

    @property
    def _severity(self) -> str:
        return "critical" if self._critical else "warning"

    def _level(self, look: Look) -> float | None:
        return None if look.over_db is None else float(np.median(look.over_db[-_LATEST_WINDOWS:]))

    def _sound(self, looked: Looking, wall: datetime, *, explained: bool) -> MachineEvidence | None:
        """Take the level alone for an alarm where nothing explains it."""
        found = " and ".join(
            (*(("bearing fault",) if self._plan.bearings else ()), *(("named indicator",) if self._modes else ()))
        )
        text = f"{self._plan.asset}: {ABNORMAL}{self._rise}; no {found or 'bearing fault'} found in it"
        raised = self._episodes.observe(
            ("", ABNORMAL), self._level_seen(looked.look, explained=explained), iso(wall), self._severity, text
        )
        return looked.envelope() if raised else None

    def _level_seen(self, look: Look, *, explained: bool) -> Observation:
        """Whether the level alone is an alarm: only where it was up all the record long and no fault explains it."""
        known = (*FAULTS, *self._modes)
        if look.over_db is None or explained or any(self._episodes.active(mode) for mode in known):
            return Observation.UNDECIDED
        if float(look.over_db.min()) >= self._plan.level_warning_db:
            return Observation.PRESENT
        back = self._plan.level_warning_db - _BACK_DB
        return Observation.ABSENT if float(np.median(look.over_db)) < back else Observation.UNDECIDED

    # ---- in words -------------------------------------------------------------------------------------------------

    def _told(self, looked: Looking, seen: dict[str, Observation]) -> Diagnosis:
        """Say a bearing's fault first; then a named mode that is there; then that there is none, or what is missing."""
        told = looked.told() if self._plan.bearings else None
        if looked.best is not None and told is not None:
            return told
        there = next((mode for mode, one in seen.items() if one is Observation.PRESENT), None)
        if there is not None:
            named = [self._plan.indicators[place] for place in self._modes[there]]
            return Diagnosis(there, None, self._reason(named), rpm=looked.look.rpm)
        if told is not None:
            return told
        if seen and all(one is Observation.ABSENT for one in seen.values()):
            return Diagnosis(NONE, None, "every named indicator stands at its normal", rpm=looked.look.rpm)
        what = "what is normal is being learned" if self._normal.frozen_at is None else "an indicator stands between"
        return Diagnosis("undecided", None, what, rpm=looked.look.rpm)
