"""The machine flow of one station: stream -> windows -> condition and diagnosis -> episode."""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from analytics.decision.persistence import Rule
from analytics.diagnosis.result import UNDECIDED
from analytics.quality.words import Quality
from analytics.signal.envelope import LONGEST_S
from analytics.wear.indicators import NAMES, WINDOW_BLOCKS, levels_db, spikiness
from gateway.processes.clock import Clock
from gateway.processes.condition import ConditionReport, Diagnosis, MachineEvidence
from gateway.processes.messages import PlantState
from gateway.stations.episodes import Episodes, iso
from gateway.stations.hall import Ambient, Hall
from gateway.stations.look import Look, Looking
from gateway.stations.memory import Memory
from gateway.stations.normal import Normal
from gateway.stations.plan import MachinePlan
from gateway.stations.raising import Raising
from gateway.stations.running import RunningSound
from gateway.stations.wearing import Wearing

REPORT_S = 1.0
SPEEDS_RPM = (60.0, 200_000.0)  #: what a tag may say of a shaft; anything else is a broken tag
RECORD_SAMPLES = 1_000_000  #: of a record, at most: 10 s at 96 kHz, 2 min at 8 kHz
_OVER = object()  # a look has no step left
# What a gap costs is counted in the record itself. A machine may hum, stop, or sound otherwise from one second to the
# next by its own fault. Everything else says that the sound is not the machine's.
_HARMLESS = frozenset({Quality.GAP, Quality.HUM, Quality.LOST_HIGHS, Quality.SWAPPED})


class MachineStation:
    """Listens to one machine.

    Parameters
    ----------
    name
        Of the station.
    plan
        What the site file says.
    rate
        Samples per second.
    clock
        The gateway's clock; its wall time dates baselines and episodes.
    make_id
        A new random id for an episode.
    ambient
        Reads the ambient microphone; needed where the plan has the hall taken out.
    """

    def __init__(
        self,
        name: str,
        plan: MachinePlan,
        rate: int,
        clock: Clock,
        make_id: Callable[[], str],
        ambient: Ambient | None = None,
    ) -> None:
        self._name = name
        self._plan = plan
        self._rate = rate
        self._clock = clock
        self._record_s = _record_s(plan, rate)
        self._sound = RunningSound(rate, self._record_s)
        self._normal = Normal(plan.learn_s, plan.indicators)
        self._episodes = Episodes(Rule(*plan.persist), make_id)
        self._raising = Raising(plan, self._normal, self._episodes)
        self._wearing = Wearing(rate, plan.covariates, plan.wear_every_s)
        self._hall = Hall(rate, plan.learn_hall_s, ambient) if plan.learn_hall_s and ambient else None
        self._memory = Memory(rate, self._normal, self._wearing, self._episodes, self._hall, str(plan.beam or ""))
        self._running: bool | None = None
        self._tag_rpm: float | None = None
        self._beside: Mapping[str, float | None] = {}  # load, temperature, ...
        self._record_rpm: float | None = None  # when the record under way began
        self._ear: tuple[Quality, ...] = ()  # what is wrong with it
        self._heard: set[Quality] = set()  # wrong with the samples since the last report
        self._looked_at: int | None = None  # index of the last look
        self._looking: Iterator[None] | None = None
        self._diagnosis: Diagnosis | None = None
        self._evidence: MachineEvidence | None = None
        self._report_at = clock.now() + REPORT_S

    # ---- in -------------------------------------------------------------------------------------------------------

    def plant(self, state: PlantState) -> None:
        """Hear from the plant whether the machine runs, and how fast."""
        if state.running is not self._running:
            self._restart()
        self._running = state.running
        self._tag_rpm = state.rpm
        self._beside = {
            name: value if value is not None and math.isfinite(value) else None
            for name, value in state.covariates.items()
        }
        rpm, began = self._rpm(), self._record_rpm
        # A diagnosis needs one speed: where it was lost, or moved further than the tolerance, the record begins anew.
        lost = rpm is None and self._plan.speed_told
        if lost or (rpm is not None and began is not None and abs(rpm / began - 1) > self._plan.rpm_tolerance):
            self._restart()

    def restart_baseline(self) -> None:
        """Learn what is normal anew, and clear every episode: a person has worked on the machine."""
        self._memory.restart()
        self._restart()

    def recall(self, kept: str) -> str:
        """Take up what was learned in an earlier life; a sentence for people where that cannot be."""
        return self._memory.recall(kept)

    def feed(self, samples: NDArray[np.float32], start: int) -> None:
        """Take samples in, shape (n,), the first one's index being `start`; a jump in it is a gap."""
        if self._hall is not None:
            samples, start = self._hall.take(samples, start, at_rest=self._running is False and not self._ear)
        if not self._runs():
            self._restart()
            return
        if not np.isfinite(samples).all():
            self._heard.add(Quality.NOT_FINITE)
            self._restart()
            return
        if not len(samples):
            return
        for _ in self._sound.feed(samples, start):
            if self._sound.blocks % WINDOW_BLOCKS == 0 and not self._ear:
                self._hear_window()
            if self._look_due():
                self._begin_look()
        # One step a call: a whole look takes as long as a part may wait for its verdict.
        if self._looking is not None and next(self._looking, _OVER) is _OVER:
            self._looking = None

    def _hear_window(self) -> None:
        window = self._sound.window()
        levels = levels_db(window)
        self._normal.hear(levels, self._rpm(), self._clock.wall())
        self._wearing.hear(levels, float(window[:, -1].max()), self._beside)

    # ---- out ------------------------------------------------------------------------------------------------------

    def due(self, now: float) -> bool:
        """Tell whether a report is due: about once a second."""
        return now >= self._report_at

    def report(self, now: float, wall: datetime, ear_quality: tuple[Quality, ...]) -> ConditionReport:
        """Say how the machine is.

        Parameters
        ----------
        now, wall
            Monotonic seconds, and wall time.
        ear_quality
            What is wrong with the ear; as long as anything is, episodes are neither raised nor cleared.
        """
        self._report_at = now + REPORT_S
        self._ear = tuple(q for q in ear_quality if q not in _HARMLESS)
        if self._ear:
            self._restart()
        quality = tuple(dict.fromkeys((*ear_quality, *sorted(self._heard))))
        self._heard.clear()
        evidence, self._evidence = self._evidence, None
        if self._wearing.passed(now, wall, self._normal.other_speed(self._rpm())):
            self._raising.hear_wear(self._wearing.view, wall)
            self._memory.changed = True
        return ConditionReport(
            self._name,
            now,
            iso(wall),
            self._running,
            self._rpm(),
            self._indicators(),
            self._over_now(),
            self._normal.words,
            self._now_diagnosis(),
            quality,
            self._episodes.report(),
            evidence,
            wear=self._wearing.view,
            named=dict(self._raising.named_over_db),
            covariates={name: value for name, value in self._beside.items() if value is not None},
            kept=self._memory.to_keep(),
            hall=self._hall.words if self._hall else "",
        )

    # ---- state of the machine ---------------------------------------------------------------------------------------

    def _runs(self) -> bool:
        """Whether it runs: as its tag says; without a tag, as long as its speed is known, or always."""
        if self._running is not None:
            return self._running
        return self._plan.always or self._rpm() is not None

    def _rpm(self) -> float | None:
        rpm = self._plan.rpm if self._plan.rpm is not None else self._tag_rpm
        fastest = min(SPEEDS_RPM[1], 60 * self._rate / 8)  # four multiples of the shaft have to be in the sound
        return rpm if rpm is not None and SPEEDS_RPM[0] <= rpm <= fastest else None

    @property
    def _needs_speed(self) -> bool:
        """True where nothing can be said without a speed: of bearings, or of orders alone."""
        named = self._plan.indicators
        return bool(self._plan.bearings) or (bool(named) and all(one.order is not None for one in named))

    def _restart(self) -> None:
        self._sound.restart()
        self._record_rpm = None
        self._looking = None
        self._diagnosis = None
        self._raising.named_over_db = {}

    def _indicators(self) -> dict[str, float]:
        if not self._sound.blocks:
            return {}
        window = self._sound.window()
        kurtosis, crest = spikiness(window)
        levels = dict(zip(NAMES, (round(float(v), 2) for v in levels_db(window)), strict=True))
        return {**levels, "kurtosis": round(kurtosis, 3), "crest": round(crest, 3)}

    def _over_now(self) -> float | None:
        """Level over normal of the last window, dB."""
        if self._sound.blocks < WINDOW_BLOCKS:
            return None
        over = self._normal.over_db(levels_db(self._sound.window())[None, :], self._rpm())
        return None if over is None else round(float(over[0]), 2)

    def _now_diagnosis(self) -> Diagnosis:
        """Repeat the last diagnosis, unless something stands in the way of any."""
        if self._running is False:
            reason = "the machine stands still"
        elif self._rpm() is None and self._needs_speed:
            reason = "the shaft speed is not known"
        elif self._ear:
            reason = f"the ear cannot be trusted: {', '.join(self._ear)}"
        elif self._hall is not None and not self._hall.learned:
            reason = self._hall.words
        elif not self._plan.bearings and not self._plan.indicators:
            reason = "no bearing is named in the site file"
        elif self._diagnosis is not None:
            return self._diagnosis
        else:
            reason = f"{self._sound.seconds(self._rate):.0f} of {self._record_s:.0f} s heard without a gap"
        return Diagnosis(UNDECIDED, None, reason, rpm=self._rpm())

    # ---- looking ----------------------------------------------------------------------------------------------------

    def _look_due(self) -> bool:
        if self._record_rpm is None:
            self._record_rpm = self._rpm()
        every = self._plan.diagnose_every_s * self._rate
        return self._sound.full and (self._looked_at is None or self._sound.end - self._looked_at >= every)

    def _begin_look(self) -> None:
        if self._looking is not None:  # sound comes faster than looks are taken: finish the one before
            for _ in self._looking:
                pass
        self._looked_at = self._sound.end
        over = self._normal.over_db(self._sound.levels(), self._rpm())
        look = Look(self._sound.record(), self._rate, self._rpm(), over)
        # Dated by its last sample: how soon the steps of a look follow each other must not show in what is said.
        self._looking = self._look(look, self._clock.wall())

    def _look(self, look: Look, wall: datetime) -> Iterator[None]:
        """Look, a step at a time, then let the episodes know."""
        looking = Looking(look, self._plan)
        yield from looking.steps()
        self._normal.hear_look(looking.named)
        self._diagnosis, evidence = self._raising.hear(looking, wall)
        self._evidence = evidence or self._evidence


def _record_s(plan: MachinePlan, rate: int) -> float:
    """Length of a record: bearings are diagnosed on 10 s at most, slow structures may be listened to for longer."""
    longest = LONGEST_S if plan.bearings else max(LONGEST_S, RECORD_SAMPLES / rate)
    return min(plan.diagnose_over_s, longest)
