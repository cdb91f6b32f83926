"""How often bearing faults are named rightly, on public vibration records, by the code that ships.

One fixed setting for every set. Writes the tables of docs/accuracy-machines.md.
Run: ``python -m benchmarks.diagnosis``.
"""

import csv
import json
import platform
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analytics.diagnosis.bearings import Orders, lookup
from analytics.diagnosis.joint import diagnose
from analytics.diagnosis.result import NONE
from benchmarks.diagnosis_simulated import simulated
from gateway.processes.condition import ConditionReport
from gateway.processes.messages import PlantState
from gateway.stations.machine import MachineStation
from gateway.stations.plan import BearingPlan, MachinePlan

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "../shared/data"
DOCUMENT = ROOT / "docs/accuracy-machines.md"
WORDS = {"inner": "inner race", "outer": "outer race", "ball": "rolling element"}
# As published with each set.
SKF_6205 = Orders(9, 3.5848, 5.4152, 2.357, 0.39828)
SKF_6203 = Orders(8, 3.0530, 4.9469, 1.994, 0.382)
NICE = Orders(8, 3.245, 4.755, 2.556, 0.4056)
UC204 = Orders(8, 3.05, 4.95, 1.99, 0.381)
ZA_2115 = Orders(16, 7.092, 8.908, 4.198, 0.4433)
MEASURED, NOMINAL = 0.02, 0.08
FALSE_BEARINGS = ("6006", "6201", "6303")  #: none of their orders is within slip of a 6205's or 6203's, but one ball's
NEAR_BEARINGS = ("6305", "6008")  #: the ball of one, and half the inner race of the other, lie 2 % from an outer race


@dataclass(frozen=True)
class Record:
    """One channel of one record."""

    name: str
    fault: str
    x: NDArray[np.float64]
    rate: float
    rpm: float
    bearing: Orders

    def piece(self, start: int, n: int) -> "Record":
        """Return a part of it."""
        return Record(self.name, self.fault, self.x[start : start + n], self.rate, self.rpm, self.bearing)


@dataclass
class Tally:
    """Calls on faults, and on healthy pieces."""

    faults: Counter[str] = field(default_factory=Counter)
    healthy: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    by_kind: Counter[str | tuple[str, bool]] = field(default_factory=Counter)

    def add(self, record: Record, tolerance: float, speed: float = 1.0, bearing: Orders | None = None) -> None:
        """Diagnose one record at `speed` times its declared speed."""
        result = diagnose(record.x, record.rate, record.rpm * speed, tolerance, bearing or record.bearing)
        if record.fault == "normal":
            self.healthy["called" if result.called else "not called"] += 1
        else:
            right = result.name == WORDS[record.fault]
            self.faults["right" if right else "wrong" if result.called else "abstain"] += 1
            self.faults["none"] += result.name == NONE
            self.by_kind[record.fault] += 1
            self.by_kind[record.fault, right] += 1
        if result.called and result.name != WORDS.get(record.fault):
            self.wrong.append(f"{record.name}: {result.name}")

    @property
    def calls(self) -> str:
        """Right / wrong / abstain."""
        return f"{self.faults['right']} / {self.faults['wrong']} / {self.faults['abstain']}"

    @property
    def false(self) -> str:
        """Healthy pieces called, of how many."""
        return f"{self.healthy['called']} of {self.healthy.total()}" if self.healthy else "-"


def records(name: str) -> list[Record]:
    found = []
    with (DATA / name / "index.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            with np.load(DATA / name / row["file"], allow_pickle=False) as z:
                about = json.loads(str(z["meta"]))
                for channel, scale in zip(z["x"], z["scale"], strict=True):
                    fault = str(about.get("fault", row["fault"])).split(" ")[0]
                    x = channel * scale
                    found.append(Record(row["file"], fault, x, float(z["fs"]), float(z["rpm"]), _bearing(name, row)))
    return found


def _bearing(name: str, row: dict[str, str]) -> Orders:
    if name == "cwru":
        return SKF_6203 if "fan" in row["bearing"] else SKF_6205
    return {"hit_sm": SKF_6205, "mfpt": NICE, "uestc": UC204, "ims_start": ZA_2115}[name]


def pieces(record: Record, seconds: float, step: float) -> Iterator[Record]:
    n, hop = int(seconds * record.rate), int(step * record.rate)
    for start in range(0, len(record.x) - n + 1, hop):
        yield record.piece(start, n)


def sets() -> dict[str, tuple[list[Record], float]]:
    cwru = records("cwru")
    return {
        "CWRU drive end, 6205": ([r for r in cwru if r.bearing is SKF_6205], MEASURED),
        "CWRU fan end, 6203": ([r for r in cwru if r.bearing is SKF_6203], MEASURED),
        "HIT, two rigs": (records("hit_sm"), MEASURED),
        "MFPT": (records("mfpt"), MEASURED),
        "UESTC, nominal speed": (records("uestc"), NOMINAL),
        "IMS, first hours": (records("ims_start"), MEASURED),
    }


BARS = {
    "CWRU drive end, 6205": ">= 33 / 0",
    "CWRU fan end, 6203": "6 / 0",
    "HIT, two rigs": "28 / 0, healthy 0 of 12",
    "MFPT": ">= 10 / 0",
    "UESTC, nominal speed": ">= 5 races / 0, healthy 0 of 36",
    "IMS, first hours": "healthy 0 of 40",
}


def whole_records(all_sets: dict[str, tuple[list[Record], float]]) -> Iterator[str]:
    yield (
        "### Whole records (10 s at most)\n\n"
        '| set | tolerance of the speed | right / wrong / abstain | outer, inner, element right | "none" said of a fault '
        "| healthy called | wanted |\n|---|---|---|---|---|---|---|\n"
    )
    for name, (rows, tolerance) in all_sets.items():
        tally = Tally()
        for record in rows:
            tally.add(record, tolerance)
            if record.fault == "normal":  # and overlapping pieces of 2 s: there are few healthy records
                for piece in pieces(record, 2, 1):
                    tally.add(piece, tolerance)
        kinds = ", ".join(
            f"{tally.by_kind[kind, True]} of {tally.by_kind[kind]}" for kind in ("outer", "inner", "ball")
        )
        yield f"| {name} | {tolerance:.0%} | {tally.calls} | {kinds} | {tally.faults['none']} "
        yield f"| {tally.false} | {BARS[name]} |\n"


def short_records(all_sets: dict[str, tuple[list[Record], float]]) -> Iterator[str]:
    yield "\n### Pieces of 2 s, without overlap\n\n| set | right / wrong / abstain | healthy called |\n|---|---|---|\n"
    for name, (rows, tolerance) in all_sets.items():
        if name.startswith("IMS"):
            continue
        tally = Tally()
        for record in rows:
            for piece in pieces(record, 2, 2):
                tally.add(piece, tolerance)
        yield f"| {name} | {tally.calls} | {tally.false} |\n"


def wrong_declarations(all_sets: dict[str, tuple[list[Record], float]]) -> Iterator[str]:
    """Declare a wrong speed, or a wrong bearing: nothing should be called wrongly for it."""
    yield (
        "\n### Wrong declarations\n\n"
        "| declared | records | tolerance | right / wrong / abstain | healthy called | wanted |\n"
        "|---|---|---|---|---|---|\n"
    )
    cwru = all_sets["CWRU drive end, 6205"][0]
    fan, hit = all_sets["CWRU fan end, 6203"][0], all_sets["HIT, two rigs"][0]
    for label, rows, bar in (
        ("CWRU drive end", cwru, ">= 62 right, 0 wrong"),
        ("CWRU fan end", fan, "-"),
        ("HIT", hit, "56 right, 0 wrong"),
        ("all three", [*cwru, *fan, *hit], ">= 128 right of 164, 0 wrong"),
        ("MFPT", all_sets["MFPT"][0], "-"),
    ):
        tally = Tally()
        for record in rows:
            for speed in (0.94, 1.04):
                tally.add(record, NOMINAL, speed)
        yield f"| speed 6 % low, 4 % high | {label} | 8% | {tally.calls} | {tally.false} | {bar} |\n"
    tally = Tally()
    for record in (*cwru, *fan, *hit):
        for speed in (0.75, 0.85, 1.15, 1.25):
            tally.add(record, MEASURED, speed)
    yield f"| speed 15 and 25 % off | CWRU, HIT | 2% | {tally.calls} | {tally.false} | <= 2 calls |\n"
    for names, bar in ((FALSE_BEARINGS, "<= 4 wrong"), (NEAR_BEARINGS, "-")):
        called: Counter[str] = Counter()
        for record in (*cwru, *fan, *hit):
            for name in names:
                result = diagnose(record.x, record.rate, record.rpm, MEASURED, lookup(name))
                called["cage" if result.fault == "FTF" else "fault" if result.called else "abstain"] += 1
        yield (
            f"| another bearing: {', '.join(names)} | CWRU, HIT | 2% | 0 / {called['fault']} / {called['abstain']}, "
            f"cage combs {called['cage']} | - | {bar} |\n"
        )


class Hours:
    """A clock that is told the time."""

    seconds = 0.0

    def now(self) -> float:
        """Seconds of sound."""
        return self.seconds

    def wall(self) -> datetime:
        """Return some day."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


def stream(record: Record) -> list[ConditionReport]:
    """Send a record through the machine flow of the gateway, in chunks of 10 ms, as a microphone would."""
    clock, rate = Hours(), int(record.rate)
    o = record.bearing
    bearing = BearingPlan("drive end", "6205", o.elements, o.bpfo, o.bpfi, o.bsf, o.ftf)
    plan = MachinePlan("RIG", (bearing,), learn_s=10.0, diagnose_every_s=1.0, diagnose_over_s=4.5, persist=(3, 4))
    station = MachineStation("rig", plan, rate, clock, iter(map(str, range(99))).__next__)
    station.plant(PlantState("rig", 0.0, True, record.rpm))
    x = (record.x / np.abs(record.x).max() * 0.5).astype(np.float32)
    reports = []
    for start in range(0, len(x), rate // 100):
        station.feed(x[start : start + rate // 100], start)
        clock.seconds = start / rate
        if station.due(clock.now()):
            reports.append(station.report(clock.now(), clock.wall(), ()))
    return reports


def machine_flow(all_sets: dict[str, tuple[list[Record], float]]) -> Iterator[str]:
    yield (
        "\n### Through the machine flow of the gateway, as a stream in chunks of 10 ms\n\n"
        "| record | labelled | diagnoses over 4.5 s, one a second | episodes |\n|---|---|---|---|\n"
    )
    for record in all_sets["CWRU drive end, 6205"][0]:
        if record.name not in {"105.npz", "97.npz", "130.npz"}:
            continue
        reports = stream(record)
        said = Counter(f"{r.diagnosis.name}{f' ({r.diagnosis.fault})' * bool(r.diagnosis.fault)}" for r in reports[4:])
        raised = sorted({episode.failure_mode for report in reports for episode in report.episodes})
        words = ", ".join(f"{name} {n}" for name, n in said.items())
        yield f"| `cwru` {record.name.removesuffix('.npz')} | {record.fault} | {words} | {', '.join(raised) or '-'} |\n"


def timing() -> Iterator[str]:
    x = np.random.default_rng(1).standard_normal(96_000).astype(np.float32)
    bearing = lookup("6205")
    with threadpool_limits(1):
        spent = []
        for _ in range(50):
            begin = time.process_time()
            diagnose(x, 48_000, 1480, MEASURED, bearing)
            spent.append(time.process_time() - begin)
    half, late = np.quantile(spent, [0.5, 0.95]) * 1000
    machine = f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"
    yield f"\n### Time\n\n2 s at 48 kHz, one bearing, one thread, time of the processor: median {half:.1f} ms, "
    yield f"95 of 100 within {late:.1f} ms (wanted: 30 ms; {machine}).\n"


def write_figures(text: str) -> None:
    """Put measured figures between their marks in the document, and show them."""
    begin, end = "<!-- figures: begin -->\n", "<!-- figures: end -->"
    before, found, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise SystemExit(f"{DOCUMENT}: no line {begin.strip()} to write the figures under")
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    print(text)


def main() -> None:
    """Measure everything and write the document's tables."""
    if not (DATA / "cwru/index.csv").exists():
        raise SystemExit(f"no records at {DATA.resolve()}: this benchmark judges real vibration")
    everything = sets()
    real = (f(everything) for f in (whole_records, short_records, wrong_declarations, machine_flow))
    write_figures("".join(piece for section in (*real, simulated(), timing()) for piece in section))


if __name__ == "__main__":
    main()
