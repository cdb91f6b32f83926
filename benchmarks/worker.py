"""What a worker costs and how soon it answers: four stations at 48 kHz in a process of its own, in real time.

    python benchmarks/worker.py [--seconds 30] [--source simulated|recording] [--stations 4]

Prints the CPU of the worker as a share of one core, its memory, and the time from a capture's last sample to `Judged`
leaving the worker and arriving in this process (p50, p99). 500 ms parts, one each 1.1 s and station, out of step.
"""

import argparse
import itertools
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile

from analytics.signal.capture import Capture
from analytics.synthesis.parts import part_sound
from analytics.synthesis.streams import Ambience
from gateway.processes.channel import Channel
from gateway.processes.entry import Manner, enter
from gateway.processes.messages import Judged, StartCapture, Started, Stop
from gateway.stations.plan import PartPlan, SourcePlan, StationPlan, WorkerPlan
from models.recipe import write_recipe
from models.taught import TaughtPart, TeachSettings
from models.teach import learn

RATE, SEED, LENGTH_S, EVERY_S = 48_000, 7, 0.5, 1.1
AROUND = RATE // 10


def heard(part_id: str, rate: int = RATE) -> np.ndarray:
    """Make the sound of a gearmotor in its hall, with surroundings."""
    sound, around = part_sound("gearmotors", SEED, part_id, rate), rate // 10
    samples = Ambience("gearmotors", SEED, rate).block(0, round(LENGTH_S * rate) + 2 * around)
    part = sound.samples[sound.lead :][: len(samples) - around]
    samples[around : around + len(part)] += part
    return samples


def taught(folder: Path, rate: int = RATE) -> Path:
    around = rate // 10
    stop = around + round(LENGTH_S * rate)
    parts = [TaughtPart(f"T{k}", Capture(heard(f"T{k}", rate), rate, around, stop)) for k in range(24)]
    write_recipe(folder / "gearmotor", learn(parts, TeachSettings()), "2026-01-01T00:00:00+00:00")
    return folder / "gearmotor"


def recordings(folder: Path) -> Path:
    (folder / "parts").mkdir()
    for k in range(20):
        soundfile.write(folder / "parts" / f"T{k}.wav", heard(f"T{k}")[AROUND:-AROUND], RATE, subtype="FLOAT")
    return folder / "parts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--source", choices=["simulated", "recording"], default="simulated")
    parser.add_argument("--stations", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        measure(Path(place), given.source, given.stations, given.seconds)


def measure(place: Path, kind: str, count: int, seconds: float) -> None:
    part = PartPlan("shadow", 20.0, 1000 * LENGTH_S, {1: str(taught(place))}, reject_rate=1.0)
    if kind == "simulated":
        source = SourcePlan("simulated", RATE, sound="gearmotors", seed=SEED)
    else:
        source = SourcePlan("recording", RATE, path=str(recordings(place)))
    names = [f"s{k}" for k in range(count)]
    stations = tuple(StationPlan(name, k, part=part) for k, name in enumerate(names))
    plan = WorkerPlan("bench", (source,) * count, stations)
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=enter, args=("bench", "gateway.stations.worker:run_worker", plan, theirs, Manner(quiet=True))
    )
    process.start()
    channel = Channel(ours, "bench")
    wait_for(channel, Started)
    watched = psutil.Process(process.pid)
    cpu, began = sum(watched.cpu_times()[:2]), time.monotonic()
    made, travelled, verdicts = drive(channel, names, began, seconds)
    took = time.monotonic() - began
    share = (sum(watched.cpu_times()[:2]) - cpu) / took
    memory = watched.memory_info().rss / 2**20
    channel.send(Stop())
    process.join(5)
    print(f"{count} {kind} stations, 48 kHz, {1000 * LENGTH_S:.0f} ms parts, {took:.0f} s: {verdicts} judged")
    print(f"worker CPU {100 * share:.1f} % of one core, memory {memory:.0f} MB")
    for what, values in (("capture end -> judged", made), ("capture end -> here", travelled)):
        p50, p99 = np.percentile(np.array(values) * 1000, [50, 99])
        print(f"{what:<24} p50 {p50:.2f} ms  p99 {p99:.2f} ms  max {1000 * max(values):.2f} ms")


def wait_for(channel: Channel, kind: type) -> None:
    while not any(isinstance(one, kind) for one in channel.receive(1.0)):
        pass


def drive(
    channel: Channel, names: list[str], began: float, seconds: float
) -> tuple[list[float], list[float], dict[str, int]]:
    """Trigger parts on every station in turn, and take in what comes back."""
    made, travelled, verdicts = [], [], {}
    step = EVERY_S / len(names)
    turns = itertools.count()
    turn, due = 0, began + 0.5
    while (now := time.monotonic()) < began + seconds:
        if now >= due:
            turn = next(turns)
            name = names[turn % len(names)]
            channel.send(StartCapture(name, turn, 1, f"T{(turn // len(names)) % 20}", now))
            due += step
        for one in channel.receive(max(0.0, min(due - time.monotonic(), 0.05))):
            if isinstance(one, Judged):
                made.append(one.judged_at - one.captured_at)
                travelled.append(time.monotonic() - one.captured_at)
                word = one.verdict.evaluation.word
                verdicts[word] = verdicts.get(word, 0) + 1
    return made, travelled, verdicts


if __name__ == "__main__":
    main()
