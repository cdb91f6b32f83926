"""Does a worker grow? A day of it in some minutes: one part station and one machine, on a clock that is turned by hand.

    python -m benchmarks.worker_day [--hours 24]

Simulated sound at 16 kHz; a part each 10 s, a diagnosis of two bearings each minute, a step of wear each hour; the
machine stands still for ten minutes of each hour, and its bearing begins to fail after half of the day. Once an hour the
memory of the process is read, and how many blocks Python has given out. Writes its section of docs/performance.md with
--write.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.detectors import write_section
from benchmarks.worker import LENGTH_S, SEED, taught
from gateway.processes.condition import ConditionReport
from gateway.processes.messages import Judged, PlantState, StartCapture, Stop
from gateway.stations.plan import BearingPlan, MachinePlan, PartPlan, SourcePlan, StationPlan, WorkerPlan
from gateway.stations.worker import run_worker

RATE, RPM = 16_000, 1480.0
PASS_S = 0.25  #: of simulated time a pass
PART_S, HOUR_S = 10.0, 3600.0
STANDS_S = 600.0  #: of each hour
BEARINGS = tuple(BearingPlan(end, "6205", 9, 3.585, 5.415, 2.357, 0.398) for end in ("drive end", "far end"))


class Day:
    """Clock, wire and plant of the worker."""

    def __init__(self, hours: int) -> None:
        self.hours = hours
        self.time = 0.0
        self.verdicts: Counter[str] = Counter()
        self.kept = self.reports = self.parts = 0
        self.running = False
        self.rows: list[dict[str, float]] = []

    def now(self) -> float:
        return self.time

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def send(self, message: object) -> bool:
        if isinstance(message, Judged):
            self.verdicts[message.verdict.evaluation.word] += 1
        elif isinstance(message, ConditionReport):
            self.reports += 1
            self.kept = self.kept if message.kept is None else len(message.kept)
        return True

    def receive(self, timeout_s: float) -> list[object]:
        del timeout_s
        self.time += PASS_S
        if self.time >= len(self.rows) * HOUR_S:
            self.rows.append(self.measured())
            sys.stderr.write(f"{json.dumps(self.rows[-1])}\n")
        if self.time >= self.hours * HOUR_S:
            return [Stop()]
        messages: list[object] = []
        if (running := self.time % HOUR_S >= STANDS_S) is not self.running:
            self.running = running
            messages.append(PlantState("pump", self.time, running, RPM))
        if self.time >= self.parts * PART_S:
            self.parts += 1
            messages.append(StartCapture("gear", self.parts, 1, f"T{self.parts % 20}", self.time))
        return messages

    def measured(self) -> dict[str, float]:
        rss = psutil.Process().memory_info().rss / 2**20
        return {"hour": len(self.rows), "mb": round(rss, 1), "blocks": sys.getallocatedblocks(), "kept": self.kept}


def measure(place: Path, hours: int) -> dict[str, object]:
    teaching = multiprocessing.get_context("spawn").Process(target=taught, args=(place, RATE))
    teaching.start()  # scikit-learn stays out of this process, as it stays out of a worker
    teaching.join()
    part = PartPlan("shadow", 20.0, 1000 * LENGTH_S, {1: str(place / "gearmotor")}, reject_rate=1.0)
    gear = SourcePlan("simulated", RATE, sound="gearmotors", seed=SEED)
    pump = SourcePlan("simulated", RATE, sound="pump", seed=1, rpm=RPM, fault_at_s=hours * HOUR_S / 2)
    stations = (
        StationPlan("gear", 0, part=part),
        StationPlan("pump", 1, machine=MachinePlan("PUMP", BEARINGS, speed_told=True)),
    )
    day, began = Day(hours), time.process_time()
    run_worker(WorkerPlan("day", (gear, pump), stations), day, day)
    return {
        "hours": hours,
        "rows": day.rows,
        "judged": dict(day.verdicts),
        "condition_reports": day.reports,
        "cpu_s": round(time.process_time() - began),
    }


def said(row: dict[str, object]) -> str:
    rows: list[dict[str, float]] = row["rows"]  # type: ignore[assignment]
    shown = [one for one in rows if one["hour"] in {0, 1, 2, 6, 12, 18, rows[-1]["hour"]}]
    lines = (f"| {one['hour']} | {one['mb']:.0f} | {one['blocks']:,} | {one['kept']:,} |" for one in shown)
    judged = sum(row["judged"].values())  # type: ignore[attr-defined]
    return (
        f"A worker over {row['hours']} simulated hours ({row['cpu_s']} s of one core): {judged} parts, "
        f"{row['condition_reports']} reports of a machine.\n\n"
        "| hour | memory MB | blocks of Python | what it wants to be told after a restart, characters |\n"
        "|--:|--:|--:|--:|\n" + "\n".join(lines)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="a worker over a simulated day")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        row = measure(Path(place), given.hours)
    print(json.dumps(row))
    if given.write:
        write_section("worker-day", said(row))
    else:
        print(said(row))


if __name__ == "__main__":
    main()
