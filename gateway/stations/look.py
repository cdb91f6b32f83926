"""One look at a machine: everything that is computed on one record, a step at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.diagnosis.bearings import Orders
from analytics.diagnosis.evidence import envelope_spectrum
from analytics.diagnosis.joint import judge, prepare_by_steps
from analytics.diagnosis.measure import Measured, measure, picture
from analytics.diagnosis.result import NONE, UNDECIDED, DiagnosisResult
from analytics.signal.envelope import Spectra
from gateway.processes.condition import Diagnosis, Line, MachineEvidence
from gateway.stations.plan import BearingPlan, MachinePlan

TURNS_LEAST = 10.0  #: in a record, before a bearing is diagnosed at all

Result = tuple[BearingPlan, DiagnosisResult]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is looked at, frozen when the look was due.

    Parameters
    ----------
    record
        Shape (n,), without a gap.
    rate
        Samples per second.
    rpm
        Speed of the shaft; None where it is not known.
    over_db
        Level over normal of each window of the record, shape (windows,); None where there is no normal to compare with.
    """

    record: NDArray[np.float32]
    rate: int
    rpm: float | None
    over_db: NDArray[np.float64] | None

    @property
    def turns(self) -> float:
        """Of the shaft, within the record."""
        return (self.rpm or 0.0) / 60 * len(self.record) / self.rate

    @property
    def shaft_hz(self) -> float | None:
        """Turns per second."""
        return None if self.rpm is None else self.rpm / 60


class Looking:
    """A look under way.

    Parameters
    ----------
    look
        What is looked at.
    plan
        What is looked for.
    """

    def __init__(self, look: Look, plan: MachinePlan) -> None:
        self.look = look
        self._plan = plan
        self._heard: Spectra | None = None
        self.results: list[Result] = []  #: of each bearing, in the order of the site file
        self.named: list[Measured | None] = []  #: each named indicator, in the order of the site file

    def steps(self) -> Iterator[None]:
        """Look, yielding between steps: each is short enough for a verdict to wait for."""
        look, plan = self.look, self._plan
        if look.turns >= TURNS_LEAST and plan.bearings and look.record.any():
            assert look.rpm is not None
            bearings = [(one, Orders(one.elements, one.bpfo, one.bpfi, one.bsf, one.ftf)) for one in plan.bearings]
            on_shaft = tuple(orders for _, orders in bearings)
            self._heard = yield from prepare_by_steps(look.record, look.rate, look.rpm, on_shaft)
            yield
            for bearing, orders in bearings:
                self.results.append((bearing, judge(self._heard, look.rpm / 60, plan.rpm_tolerance, orders)))
                yield
        for one in plan.indicators:
            self.named += measure(look.record, look.rate, look.shaft_hz, (one,))
            yield

    @property
    def best(self) -> Result | None:
        """The bearing fault that was called, the clearest where there are several."""
        called = [one for one in self.results if one[1].called]
        return max(called, key=lambda one: max(one[1].scores.values()), default=None)

    def told(self) -> Diagnosis:
        """Sum up the bearings: the fault called, else the first nothing can be said of, else none."""
        if not self.results:
            turns = f"{self.look.turns:.0f} turns in a record, {TURNS_LEAST:.0f} wanted"
            reason = turns if self.look.record.any() else "digital silence"
            return Diagnosis(UNDECIDED, None, reason, rpm=self.look.rpm)
        undecided = [one for one in self.results if one[1].name == UNDECIDED]
        bearing, result = self.best or (undecided or self.results)[0]
        lines = tuple(
            Line(x.fault, round(x.order, 4), round(x.frequency_hz, 3), x.harmonics_snr_db) for x in result.lines
        )
        name = bearing.name if result.name != NONE else ""
        return Diagnosis(result.name, result.fault, result.reason, name, None, round(result.rpm, 1), lines)

    def envelope(self, result: DiagnosisResult | None = None) -> MachineEvidence | None:
        """Picture a bearing's diagnosis rests on (the first one's where none is given); None where none was made."""
        if self._heard is None:
            return None
        result = result or self.results[0][1]
        spectrum = self._heard.square if result.envelope == "SQ" else self._heard.log
        shown = envelope_spectrum(spectrum, result.shaft_hz)
        return MachineEvidence(shown.frequency_hz, shown.depth, self._heard.band_hz)

    def picture(self, indicators: Sequence[int]) -> MachineEvidence:
        """Picture that named indicators (by their place in the plan) rest on: where there is a line, that."""
        named = [self._plan.indicators[place] for place in indicators]
        one = next((one for one in named if one.is_line), named[0])
        shown = picture(self.look.record, self.look.rate, self.look.shaft_hz, one)
        lines = () if shown.line_hz is None else ((one.name, shown.line_hz),)
        of = "envelope" if shown.modulation else "sound"
        return MachineEvidence(shown.frequency_hz, shown.level, shown.band_hz, of, lines)
