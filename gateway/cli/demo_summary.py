"""What the demo says at the end: the gateway's store and the PLCs' logs, joined with the truth by PartId."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from analytics.decision.verdict import Evaluation
from analytics.synthesis.parts import PartTruth, part_truth
from connectors.simulated.line import LineReport
from connectors.simulated.plc_program import PartLog
from gateway.processes.snapshot import Snapshot
from gateway.store.read import PartRow, Reader

LONG_ENOUGH_S = 60.0
KINDS = {"ring": "castings", "gearmotor": "gearmotors"}
CAUGHT_MIN, FALSE_MAX = 0.95, 0.05
LEARNED_BY_S, ORDER_BY_S = 20.0, 50.0
PARTS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What the gateway's processes took, the simulated sides apart."""

    cpu: float  #: CPU-seconds per second
    memory_mb: float  #: proportional set size where the system tells it, else resident
    processes: int

    @classmethod
    def of(cls, pid: int, elapsed_s: float) -> "Usage":
        """Measure a process and all below it."""
        try:
            root = psutil.Process(pid)
            family = [root, *root.children(recursive=True)]
            times = [process.cpu_times() for process in family]
            memory = [process.memory_full_info() for process in family]
        except psutil.Error:
            return cls(0.0, 0.0, 0)
        cpu = sum(t.user + t.system for t in times)
        held = sum(getattr(m, "pss", 0) or m.rss for m in memory)
        return cls(cpu / elapsed_s, held / 1e6, len(family))


@dataclass(slots=True)
class Timeline:
    """When things were first seen, in the monotonic seconds of whoever watches."""

    began: float  #: the gateway's first snapshot
    ended: float = 0.0
    newest: Snapshot | None = None
    learned: dict[str, float] = field(default_factory=dict)
    incident: float | None = None
    order: float | None = None
    provisional: bool = False
    usage: Usage = Usage(0.0, 0.0, 0)

    def see(self, snapshot: Snapshot, now: float) -> None:
        """Take a snapshot in."""
        self.newest = snapshot
        for station in snapshot.stations:
            if station.part is not None:
                usable = [recipe for recipe in station.part.recipes.values() if not recipe.fault]
                if usable:
                    self.learned.setdefault(station.name, now - self.began)
                    self.provisional = self.provisional or any(recipe.provisional for recipe in usable)
            elif station.condition is not None and station.condition.level_over_baseline_db is not None:
                self.learned.setdefault(station.name, now - self.began)
        if snapshot.incidents and self.incident is None:
            self.incident = now - self.began
        if self.order is None and any(incident.order.isdigit() for incident in snapshot.incidents):
            self.order = now - self.began


@dataclass(frozen=True, slots=True)
class StationSummary:
    """One part station against the truth."""

    station: str
    parts: int  #: in Mode 1
    taught: int
    defects: int  #: planted, and not lying under a disturbance
    caught: int  #: of these, NotOK
    passed_defects: int  #: any defective part that went through the gate
    good: int  #: good and undisturbed
    false_rejects: int  #: of these, not passed, whatever the verdict
    disturbed: int
    disturbed_noticed: int  #: of these, NotDecidable
    late: int
    lost: int
    wrong: int
    answer_p50_ms: float
    answer_p99_ms: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it, and whether it holds."""

    seconds: float
    stations: tuple[StationSummary, ...]
    orders: tuple[tuple[str, str, int], ...]  #: number, description, attachments
    learned_s: dict[str, float]
    provisional: bool
    order_s: float | None
    usage: Usage
    checks: dict[str, bool]

    @property
    def judged(self) -> bool:
        """Long enough to say more than that no result went astray."""
        return self.seconds >= LONG_ENOUGH_S

    @property
    def holds(self) -> bool:
        """Every check that applies."""
        return all(self.checks.values())

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "seconds": round(self.seconds, 1),
            "long_enough": self.judged,
            "stations": [asdict(station) for station in self.stations],
            "orders": [{"number": n, "description": d, "attachments": a} for n, d, a in self.orders],
            "learned_s": {name: round(at, 1) for name, at in self.learned_s.items()},
            "order_s": self.order_s,
            "cpu": round(self.usage.cpu, 3),
            "memory_mb": round(self.usage.memory_mb, 1),
            "checks": self.checks,
            "holds": self.holds,
        }

    def lines(self) -> list[str]:
        """As a person reads it."""
        lines = ["", f"{self.seconds:.0f} s against the known truth"]
        for s in self.stations:
            lines += [
                f"  {s.station:<11}{s.parts} parts: {s.caught} of {s.defects} defects caught, "
                f"{s.false_rejects} false rejects of {s.good} good, {s.passed_defects} defective parts passed",
                f"  {'':<11}{s.disturbed_noticed} of {s.disturbed} disturbed parts noticed; "
                f"{s.late} late, {s.lost} lost, {s.wrong} on the wrong part; "
                f"capture to result p50 {s.answer_p50_ms:.1f} ms, p99 {s.answer_p99_ms:.1f} ms",
            ]
        for number, description, attachments in self.orders:
            when = "" if self.order_s is None else f", after {self.order_s:.0f} s"
            lines.append(f"  order      {number}{when}: {description} ({attachments} attached)")
        if not self.orders:
            lines.append("  order      none")
        usage = self.usage
        lines.append(
            f"  gateway    {usage.cpu:.2f} CPU-seconds a second, {usage.memory_mb:.0f} MB, {usage.processes} processes"
        )
        if not self.judged:
            lines.append(f"  too short to judge: wanted {LONG_ENOUGH_S:.0f} s; only late, lost and wrong are checked")
        lines += [f"  {'holds' if held else 'FAILS'}      {check}" for check, held in self.checks.items()]
        return lines


def summarise(timeline: Timeline, report: LineReport, store: Path, seed: int) -> Summary:
    """Join the three witnesses: the gateway's store, the PLCs' logs, the truth."""
    with Reader(store) as reader:
        rows = reader.parts(PARTS_MAX)
    stations = tuple(_station(name, report.parts[name], rows, seed) for name in KINDS)
    seconds = timeline.ended - timeline.began
    orders = tuple((o.number, o.description, len(o.attachments)) for o in report.orders)
    return Summary(
        seconds,
        stations,
        orders,
        timeline.learned,
        timeline.provisional,
        timeline.order,
        timeline.usage,
        _checks(stations, orders, timeline, long_enough=seconds >= LONG_ENOUGH_S),
    )


def _checks(
    stations: tuple[StationSummary, ...], orders: tuple[tuple[str, str, int], ...], seen: Timeline, *, long_enough: bool
) -> dict[str, bool]:
    checks = {
        "no result late": sum(s.late for s in stations) == 0,
        "no result lost": sum(s.lost for s in stations) == 0,
        "no result on the wrong part": sum(s.wrong for s in stations) == 0,
    }
    if not long_enough:
        return checks
    defects, caught = sum(s.defects for s in stations), sum(s.caught for s in stations)
    good, false_rejects = sum(s.good for s in stations), sum(s.false_rejects for s in stations)
    return checks | {
        f"baseline learned within {LEARNED_BY_S:.0f} s, its limit shown as provisional": len(seen.learned) == 3
        and max(seen.learned.values()) <= LEARNED_BY_S
        and seen.provisional,
        f"at least {CAUGHT_MIN:.0%} of planted defects caught": defects > 0 and caught >= CAUGHT_MIN * defects,
        f"at most {FALSE_MAX:.0%} false rejects": good > 0 and false_rejects <= FALSE_MAX * good,
        "exactly one work order, with evidence": len(orders) == 1 and orders[0][2] >= 1,
        f"the order stands by {ORDER_BY_S:.0f} s": seen.order is not None and seen.order <= ORDER_BY_S,
    }


def _station(name: str, logs: tuple[PartLog, ...], rows: list[PartRow], seed: int) -> StationSummary:
    taught = [log for log in logs if log.part_id.startswith("T")]
    judged = [log for log in logs if not log.part_id.startswith("T")]
    truths = {log.part_id: part_truth(KINDS[name], seed, log.part_id) for log in judged}
    stored = {(row.part_id, row.sequence): row for row in rows if row.station == name}
    clear_defects = [log for log in judged if truths[log.part_id].defect and not truths[log.part_id].disturbance]
    good = [log for log in judged if _good(truths[log.part_id])]
    disturbed = [log for log in judged if truths[log.part_id].disturbance]
    answers = sorted(row.answer_ms for row in stored.values() if row.answer_ms is not None and row.outcome == "judged")
    return StationSummary(
        station=name,
        parts=len(judged),
        taught=len(taught),
        defects=len(clear_defects),
        caught=sum(log.verdict == Evaluation.NOT_OK for log in clear_defects),
        passed_defects=sum(log.passed for log in judged if truths[log.part_id].defect),
        good=len(good),
        false_rejects=sum(not log.passed for log in good),
        disturbed=len(disturbed),
        disturbed_noticed=sum(log.verdict == Evaluation.NOT_DECIDABLE for log in disturbed),
        late=sum(log.late for log in logs),
        lost=sum(log.result_at is None and not log.late for log in logs),
        wrong=sum(log.wrong or not _same(log, stored.get((log.part_id, log.sequence))) for log in judged),
        answer_p50_ms=median(answers) if answers else float("nan"),
        answer_p99_ms=answers[min(len(answers) - 1, int(0.99 * len(answers)))] if answers else float("nan"),
    )


def _good(truth: PartTruth) -> bool:
    return truth.good and not truth.disturbance


def _same(log: PartLog, row: PartRow | None) -> bool:
    """Whether store and PLC hold the same verdict for this very part; a part without a result is lost, not wrong."""
    if log.result_at is None:
        return True
    return row is not None and int(row.evaluation) == log.verdict
