"""The machine flow of one station: stream -> windows -> condition and diagnosis -> episode."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from analytics.decision.persistence import Observation, Rule
from analytics.diagnosis.bearings import Orders
from analytics.diagnosis.evidence import envelope_spectrum
from analytics.diagnosis.joint import judge, prepare
from analytics.diagnosis.result import NONE, UNDECIDED, DiagnosisResult
from analytics.quality.words import Quality
from analytics.signal.envelope import LONGEST_S, Spectra
from analytics.wear.indicators import NAMES, WINDOW_BLOCKS, levels_db, spikiness
from gateway.processes.clock import Clock
from gateway.processes.messages import ConditionReport, Diagnosis, Line, MachineEvidence, PlantState
from gateway.stations.episodes import Episodes
from gateway.stations.normal import Normal
from gateway.stations.plan import BearingPlan, MachinePlan
from gateway.stations.running import RunningSound

REPORT_S = 1.0
ABNORMAL = "abnormal sound"
FAULTS = ("outer race", "inner race", "rolling element")
SPEEDS_RPM = (60.0, 200_000.0)  #: what a tag may say of a shaft; anything else is a broken tag
TURNS_LEAST = 10.0  #: in a record, before a diagnosis is tried at all
_LEVEL_BACK_DB = 2.0  # a level counts as normal again so far below the warning
_LATEST_WINDOWS = 4  # 2 s: the level people are told is that of now, not of the record's beginning
_OVER = object()  # a look has no step left
# What a gap costs is counted in the record itself; everything else says that the sound is not the machine's.
_HARMLESS = frozenset({Quality.GAP})

_Results = list[tuple[BearingPlan, DiagnosisResult]]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One look at a machine, frozen when it was due."""

    record: NDArray[np.float32]
    rpm: float
    over_db: NDArray[np.float64] | None  # level over normal of each window of the record


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
    """

    def __init__(self, name: str, plan: MachinePlan, rate: int, clock: Clock, make_id: Callable[[], str]) -> None:
        self._name = name
        self._plan = plan
        self._rate = rate
        self._clock = clock
        self._record_s = min(plan.diagnose_over_s, LONGEST_S)
        self._sound = RunningSound(rate, self._record_s)
        self._bearings = tuple((b, Orders(b.elements, b.bpfo, b.bpfi, b.bsf, b.ftf)) for b in plan.bearings)
        self._normal = Normal(plan.learn_s)
        self._episodes = Episodes(Rule(*plan.persist), make_id)
        self._running: bool | None = None
        self._tag_rpm: float | None = None
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
        rpm, began = self._rpm(), self._record_rpm
        # A diagnosis needs one speed: where it moved further than the tolerance the record begins anew.
        if rpm is None or (began is not None and abs(rpm / began - 1) > self._plan.rpm_tolerance):
            self._restart()

    def restart_baseline(self) -> None:
        """Learn what is normal anew, and clear every episode: a person has worked on the machine."""
        self._normal.restart()
        self._episodes.end()
        self._restart()

    def feed(self, samples: NDArray[np.float32], start: int) -> None:
        """Take samples in, shape (n,), the first one's index being `start`; a jump in it is a gap."""
        if not self._runs():
            self._restart()
            return
        if not np.isfinite(samples).all():
            self._heard.add(Quality.NOT_FINITE)
            self._restart()
            return
        for _ in self._sound.feed(samples, start):
            if self._sound.blocks % WINDOW_BLOCKS == 0 and not self._ear:
                self._normal.hear(levels_db(self._sound.window()), self._rpm(), self._clock.wall())
            if self._look_due():
                self._begin_look()
        # One step a call: a whole look takes as long as a part may wait for its verdict.
        if self._looking is not None and next(self._looking, _OVER) is _OVER:
            self._looking = None

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
        return ConditionReport(
            self._name,
            now,
            _iso(wall),
            self._running,
            self._rpm(),
            self._indicators(),
            self._over_now(),
            self._normal.words,
            self._now_diagnosis(),
            quality,
            self._episodes.report(),
            evidence,
        )

    # ---- state of the machine ---------------------------------------------------------------------------------------

    def _runs(self) -> bool:
        """Whether it runs: as its tag says; without a tag, as long as its speed is known."""
        return self._running is True or (self._running is None and self._rpm() is not None)

    def _rpm(self) -> float | None:
        rpm = self._plan.rpm if self._plan.rpm is not None else self._tag_rpm
        fastest = min(SPEEDS_RPM[1], 60 * self._rate / 8)  # four multiples of the shaft have to be in the sound
        return rpm if rpm is not None and SPEEDS_RPM[0] <= rpm <= fastest else None

    def _restart(self) -> None:
        self._sound.restart()
        self._record_rpm = None
        self._looking = None
        self._diagnosis = None

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
        elif self._rpm() is None:
            reason = "the shaft speed is not known"
        elif self._ear:
            reason = f"the ear cannot be trusted: {', '.join(self._ear)}"
        elif not self._bearings:
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
        self._looking = self._look(_Look(self._sound.record(), self._rpm() or 0.0, over))

    def _look(self, look: _Look) -> Iterator[None]:
        """Diagnose every bearing, a step at a time, then let the episodes know."""
        results: _Results = []
        heard: Spectra | None = None
        turns = look.rpm / 60 * len(look.record) / self._rate
        if turns >= TURNS_LEAST and self._bearings and look.record.any():
            heard = prepare(look.record, self._rate, look.rpm, tuple(orders for _, orders in self._bearings))
            yield
            for bearing, orders in self._bearings:
                results.append((bearing, judge(heard, look.rpm / 60, self._plan.rpm_tolerance, orders)))
                yield
        called = [one for one in results if one[1].called]
        best = max(called, key=lambda one: max(one[1].scores.values()), default=None)
        self._diagnosis = _told(best, results, look, turns)
        self._persist(best, results, look, heard)

    def _persist(
        self, best: tuple[BearingPlan, DiagnosisResult] | None, results: _Results, look: _Look, heard: Spectra | None
    ) -> None:
        wall = self._clock.wall()
        over = None if look.over_db is None else float(np.median(look.over_db[-_LATEST_WINDOWS:]))
        critical = over is not None and over >= self._plan.level_critical_db
        severity = "critical" if critical else "warning"
        rise = "" if over is None else f", {over:+.0f} dB in {self._normal.since(wall)}"
        for bearing, result in results:
            for mode in FAULTS:
                seen = Observation.UNDECIDED
                if best is not None and (bearing, mode) == (best[0], best[1].name):
                    seen = Observation.PRESENT
                elif result.name == NONE:
                    seen = Observation.ABSENT
                text = f"{self._plan.asset} {bearing.name} bearing: {mode} indication{rise}; {result.reason}"
                if self._episodes.observe((bearing.name, mode), seen, _iso(wall), severity, text) and heard is not None:
                    self._evidence = _evidence(heard, result)
        seen = self._level_seen(look, explained=best is not None)
        text = f"{self._plan.asset}: {ABNORMAL}{rise}; no bearing fault found in it"
        if self._episodes.observe(("", ABNORMAL), seen, _iso(wall), severity, text) and heard is not None:
            self._evidence = _evidence(heard, results[0][1])
        if critical:
            self._episodes.escalate()

    def _level_seen(self, look: _Look, *, explained: bool) -> Observation:
        """Whether the level alone is an alarm: only where it was up all the record long and no fault explains it."""
        if look.over_db is None or explained or any(self._episodes.active(mode) for mode in FAULTS):
            return Observation.UNDECIDED
        if float(look.over_db.min()) >= self._plan.level_warning_db:
            return Observation.PRESENT
        back = self._plan.level_warning_db - _LEVEL_BACK_DB
        return Observation.ABSENT if float(np.median(look.over_db)) < back else Observation.UNDECIDED


def _told(
    best: tuple[BearingPlan, DiagnosisResult] | None, results: _Results, look: _Look, turns: float
) -> Diagnosis | None:
    """Sum up for the whole machine: the fault called, else the first bearing nothing can be said of, else none."""
    if not results:
        reason = f"{turns:.0f} turns in a record, {TURNS_LEAST:.0f} wanted" if look.record.any() else "digital silence"
        return Diagnosis(UNDECIDED, None, reason, rpm=look.rpm)
    undecided = [one for one in results if one[1].name == UNDECIDED]
    bearing, result = best or (undecided or results)[0]
    lines = tuple(Line(x.fault, round(x.order, 4), round(x.frequency_hz, 3), x.harmonics_snr_db) for x in result.lines)
    name = bearing.name if result.name != NONE else ""
    return Diagnosis(result.name, result.fault, result.reason, name, None, round(result.rpm, 1), lines)


def _evidence(heard: Spectra, result: DiagnosisResult) -> MachineEvidence:
    spectrum = heard.square if result.envelope == "SQ" else heard.log
    picture = envelope_spectrum(spectrum, result.shaft_hz)
    return MachineEvidence(picture.frequency_hz, picture.depth, heard.band_hz)


def _iso(wall: datetime) -> str:
    return wall.astimezone(UTC).isoformat(timespec="milliseconds")
