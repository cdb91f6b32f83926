"""What many stations cost: sixteen at 48 kHz in several worker processes, in real time.

    python -m benchmarks.stations [--seconds 600] [--stations 16] [--workers 4] [--busy 2]

Five of eight stations judge parts (500 ms, one each 1.1 s; simulated and recorded sound in turn), three of eight watch
a machine (a simulated pump with a bearing at each end, diagnosed every 10 s: six times as often as by default). A tick
is missed where a worker took longer than 200 ms for a pass; of the longest passes it is said what they went into. The
load is that of all workers and of this process, which plays main, as a share of the cores. With --busy, so many other
processes compute all the time beside them. Writes its section of docs/performance.md with --write.
"""

import argparse
import heapq
import itertools
import json
import math
import multiprocessing
import os
import platform
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import psutil

from benchmarks.detectors import write_section
from benchmarks.worker import EVERY_S, LENGTH_S, RATE, SEED, recordings, taught
from gateway.processes.channel import Channel
from gateway.processes.condition import ConditionReport
from gateway.processes.entry import Manner, enter
from gateway.processes.messages import Judged, PlantState, StartCapture, Started, Stop, Tick, WorkerNote
from gateway.stations.plan import BearingPlan, MachinePlan, PartPlan, SourcePlan, StationPlan, WorkerPlan

TICK_S = 0.2  #: a worker ticks at least so often, or its stations' heartbeats stand still
RPM = 1480.0
DIAGNOSE_S = 10.0
WARM_S = 15.0  #: until every worker has opened its sources and looked once at every machine
LONGEST = 8  #: passes shown
MEMORY_S = 60.0
BEARINGS = tuple(BearingPlan(end, "6205", 9, 3.585, 5.415, 2.357, 0.398) for end in ("drive end", "far end"))


@dataclass
class Heard:
    """What the workers said."""

    ticks: dict[str, list[float]] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    reports: int = 0
    notes: list[str] = field(default_factory=list)
    longest: list[tuple[float, float, float, str]] = field(default_factory=list)

    def take(self, message: object, counted: bool) -> None:
        if isinstance(message, WorkerNote):
            self.notes.append(message.sentence)
        if not counted:
            return
        if isinstance(message, Tick):
            self.ticks.setdefault(message.worker, []).append(message.at)
            one = message.longest
            row = (one.took_s, one.computed_s, one.step_s, one.step)
            self.longest = heapq.nlargest(LONGEST, [*self.longest, row])
        elif isinstance(message, Judged):
            self.verdicts[message.verdict.evaluation.word] += 1
            self.latencies.append(message.judged_at - message.captured_at)
        elif isinstance(message, ConditionReport):
            self.reports += 1

    def gaps(self) -> np.ndarray:
        """Give the time between ticks, seconds."""
        return np.concatenate([np.diff(found) for found in self.ticks.values()])


@dataclass
class Running:
    """One worker process and its stations."""

    channel: Channel
    process: BaseProcess
    parts: list[str]
    machines: list[str]


def plans(count: int, workers: int, recipe: str, folder: str) -> list[WorkerPlan]:
    """Deal stations over workers."""
    part = PartPlan("shadow", 20.0, 1000 * LENGTH_S, {1: recipe}, reject_rate=1.0)
    machine = MachinePlan("PUMP", BEARINGS, diagnose_every_s=DIAGNOSE_S, learn_s=60.0)
    made = []
    for worker in range(workers):
        sources, stations = [], []
        for index in range(worker, count, workers):
            name = f"s{index}"
            if (index // workers + worker) % 8 in {1, 4, 6}:
                sources.append(SourcePlan("simulated", RATE, sound="pump", seed=index, rpm=RPM, fault_at_s=60.0))
                stations.append(StationPlan(name, len(sources) - 1, machine=machine))
            elif index % 2:
                sources.append(SourcePlan("recording", RATE, path=folder))
                stations.append(StationPlan(name, len(sources) - 1, part=part))
            else:
                sources.append(SourcePlan("simulated", RATE, sound="gearmotors", seed=SEED))
                stations.append(StationPlan(name, len(sources) - 1, part=part))
        made.append(WorkerPlan(f"worker{worker}", tuple(sources), tuple(stations)))
    return made


def started(plan: WorkerPlan) -> Running:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    body = "gateway.stations.worker:run_worker"
    process = spawn.Process(target=enter, args=(plan.name, body, plan, theirs, Manner(quiet=True)))
    process.start()
    channel = Channel(ours, plan.name)
    while not any(isinstance(one, Started) for one in channel.receive(1.0)):
        pass
    parts = [one.name for one in plan.stations if one.part is not None]
    return Running(channel, process, parts, [one.name for one in plan.stations if one.machine is not None])


def drive(workers: list[Running], heard: Heard, began: float, seconds: float) -> None:
    """Trigger parts on every station in turn, and take in what comes back."""
    for worker in workers:
        for name in worker.machines:
            worker.channel.send(PlantState(name, time.monotonic(), True, RPM))
    places = [(worker, name) for worker in workers for name in worker.parts]
    step, turns, due = EVERY_S / len(places), itertools.count(), time.monotonic() + 0.5
    while (now := time.monotonic()) < began + seconds:
        if now >= due:
            turn = next(turns)
            worker, name = places[turn % len(places)]
            worker.channel.send(StartCapture(name, turn, 1, f"T{(turn // len(places)) % 20}", now))
            due += step
        for one in workers:
            for message in one.channel.receive(0.0):
                heard.take(message, now >= began)
        time.sleep(0.005)


def compute() -> None:
    while True:
        pass


def memory_mb(workers: list[Running]) -> list[int]:
    return [round(psutil.Process(one.process.pid).memory_info().rss / 2**20) for one in workers]


def cpu_s(workers: list[Running]) -> float:
    watched = [psutil.Process(one.process.pid) for one in workers] + [psutil.Process()]
    return sum(sum(one.cpu_times()[:2]) for one in watched)


def measure(place: Path, count: int, workers: int, seconds: float, busy: int) -> dict[str, object]:
    recipe, folder = str(taught(place)), str(recordings(place))
    running = [started(plan) for plan in plans(count, workers, recipe, folder)]
    beside = [multiprocessing.get_context("spawn").Process(target=compute) for _ in range(busy)]
    for one in beside:
        one.start()
    heard, began = Heard(), time.monotonic() + WARM_S
    drive(running, heard, began, 0.0)
    cpu, since = cpu_s(running), time.monotonic()
    memory = [memory_mb(running)]
    for minute in range(math.ceil(seconds / MEMORY_S)):
        drive(running, heard, began, min(seconds, (minute + 1) * MEMORY_S))
        memory.append(memory_mb(running))
    took = time.monotonic() - since
    load = (cpu_s(running) - cpu) / took / (os.cpu_count() or 1)
    for one in beside:
        one.kill()
    for worker in running:
        worker.channel.send(Stop())
    for worker in running:
        worker.process.join(5)
    gaps, latency = heard.gaps(), np.array(heard.latencies) * 1000
    return {
        "stations": count,
        "part_stations": sum(len(one.parts) for one in running),
        "machine_stations": sum(len(one.machines) for one in running),
        "workers": workers,
        "seconds": round(took),
        "cores": os.cpu_count(),
        "busy": busy,
        "load": round(load, 3),
        "ticks": len(gaps),
        "missed_ticks": int(np.count_nonzero(gaps > TICK_S)),
        "longest_gap_ms": round(1000 * float(gaps.max())),
        "longest_passes_ms": [(*(round(1000 * number) for number in row[:3]), row[3]) for row in heard.longest],
        "judged": dict(heard.verdicts),
        "condition_reports": heard.reports,
        "latency_p50_ms": round(float(np.percentile(latency, 50)), 2),
        "latency_p99_ms": round(float(np.percentile(latency, 99)), 2),
        "memory_mb": [max(one) for one in memory],
        "notes": heard.notes[:5],
    }


def said(row: dict[str, object]) -> str:
    judged = ", ".join(f"{count} {word}" for word, count in sorted(row["judged"].items()))  # type: ignore[attr-defined]
    passes = row["longest_passes_ms"]
    beside = f", {row['busy']} other processes computing beside them" if row["busy"] else ""
    return (
        f"{row['stations']} stations at 48 kHz ({row['part_stations']} parts, {row['machine_stations']} machines) in "
        f"{row['workers']} workers, {row['seconds']} s, {row['cores']} cores ({platform.machine()}, "
        f"Python {platform.python_version()}){beside}:\n\n"
        "| | found | wanted |\n|---|--:|--:|\n"
        f"| load of all cores | {row['load']:.1%} | < 40 % |\n"
        f"| ticks missed (200 ms), of {row['ticks']} | {row['missed_ticks']} | 0 |\n"
        f"| longest time between ticks | {row['longest_gap_ms']} ms | 200 ms |\n"
        f"| longest pass, of it computing | {passes[0][0]}, {passes[0][1]} ms ({passes[0][3]}) | |\n"  # type: ignore[index]
        f"| last sample to verdict, p50 / p99 | {row['latency_p50_ms']} / {row['latency_p99_ms']} ms | |\n"
        f"| memory of a worker, after a minute, at the end | {row['memory_mb'][1]}, {row['memory_mb'][-1]} MB | |\n\n"  # type: ignore[index]
        f"Judged: {judged}; {row['condition_reports']} reports of machines."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="many stations in real time")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stations", type=int, default=16)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--busy", type=int, default=0, help="processes that compute all the time beside the workers")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        row = measure(Path(place), given.stations, given.workers, given.seconds, given.busy)
    print(json.dumps(row))
    if given.write:
        write_section("stations", said(row))
    else:
        print(said(row))


if __name__ == "__main__":
    main()
