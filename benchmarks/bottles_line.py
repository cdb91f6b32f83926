"""A thousand real bottles through the whole gateway: each result on its own part, each number the one `judge` gives.

    python -m benchmarks.bottles_line [--pace 4] [--good 750] [--cracked 250] [--kinds opcua modbus] [--write]

Everything is done by the commands people use: `wheeltapper teach` learns a recipe from the first 500 good bottles with
default settings, `wheeltapper run` is the gateway, with a `recording` source in place of the microphone, and
`wheeltapper judge` says afterwards what it makes of each file by itself. The simulated PLC, in this process and on a
real socket, sends the bottles in an order drawn by a seed at 120 parts/min, time-compressed by ``--pace``.

Of the good bottles that run, 500 are those it was taught from: they show that nothing is mixed up. How many good parts
would be thrown away is told by the other 250 alone.
"""

import argparse
import asyncio
import csv
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.plc.hush import hush_libraries
from connectors.plc.port import GwState
from connectors.simulated.plc_modbus import ModbusServingPlc
from connectors.simulated.plc_opcua import OpcUaServingPlc
from connectors.simulated.plc_program import PartLog, PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations, SimulatedPlc
from gateway.store.read import PartRow, Reader

ROOT = Path(__file__).resolve().parent.parent
BOTTLES = ROOT / "../shared/data/bottles"
DOCUMENT = ROOT / "docs/accuracy-line.md"
FIRST = 500  #: good bottles, in the order of the source, that are learned from
SEED = 6
PER_MINUTE = 120.0
READY_S = 60.0  #: for a gateway to start on a busy machine
GATE_S = 0.5  #: the PLC decides so long after the trigger, by its own clock
LOOK_S = 0.05
STORED_S = 20.0  #: for the ledger to have written what was judged
COMMAND = (sys.executable, "-m", "gateway.cli.app")

SITE = """
[line]
name = "Bottles"
[plc.main]
{plc}
[[station]]
name = "bottles"
mode = "active"
source = {{ kind = "recording", path = {path}, play = "parts", pace = {pace}, rate = 48000 }}
[station.parts]
plc = "main"
tags = "nsu=urn:wheeltapper:handshake:1;s=bottles."
block = 0
recipes = {{ 1 = {recipe} }}
capture = {{ after_ms = 20, length_ms = 50 }}
"""


HEAD = """# A thousand bottles through the gateway

Written by `python -m benchmarks.bottles_line --write`. Real knocks on glass bottles (the set and its traps:
[accuracy.md](accuracy.md)) run through the whole gateway: `wheeltapper teach` with default settings on good bottles
0-{first}, then `wheeltapper run` with a `recording` source, and a simulated PLC on a real socket. It sends good and
cracked ones, shuffled by a seed, at {per_minute:g} parts/min and {pace:g} times as fast as real time: {spacing:g} ms
from part to part. The clips have no surroundings, so they are judged with quality `no_context`.

| PLC over | parts | late / lost / on the wrong part | unlike `judge FILE` | NotDecidable | cracked caught | \
good rejected, not learned from | good rejected, learned from | capture to answer p50 / p99 |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Line:
    """What a run left behind, by PartId."""

    kind: str
    seconds: float
    order: tuple[str, ...]
    plc: dict[str, PartLog]
    store: dict[str, PartRow]
    strays: int
    exit_code: int


def good_and_cracked() -> tuple[list[Path], list[Path]]:
    """List the files in the order of the source."""
    with (BOTTLES / "labels.csv").open(newline="") as table:
        rows = sorted(csv.DictReader(table), key=lambda row: int(row["index"]))
    good = [BOTTLES / row["file"] for row in rows if row["label"] == "good"]
    return good, [BOTTLES / row["file"] for row in rows if row["label"] == "cracked"]


def drawn(good: Sequence[Path], cracked: Sequence[Path], goods: int, cracks: int) -> list[Path]:
    """Draw the bottles of a run and shuffle them."""
    draw = random.Random(SEED)
    files = [*draw.sample(list(good), goods), *draw.sample(list(cracked), cracks)]
    draw.shuffle(files)
    return files


# ---- the commands ---------------------------------------------------------------------------------------------------


def teach(recipe: Path, good: Sequence[Path]) -> None:
    """Run `wheeltapper teach`."""
    subprocess.run([*COMMAND, "teach", recipe, "--json", "--good", *good], cwd=ROOT, check=True, capture_output=True)


def judged_alone(recipe: Path, files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Run `wheeltapper judge` and return what it says of each file, by PartId."""
    done = subprocess.run(
        [*COMMAND, "judge", recipe, "--json", *files], cwd=ROOT, check=True, capture_output=True, text=True
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(one["file"]).stem: one for one in said}


def site_file(folder: Path, kind: str, address: str, recipe: Path, pace: float) -> Path:
    """Write the site file of the line."""
    host, _, port = address.rpartition(":")
    plc = {
        "opcua": f'kind = "opcua"\nurl = "{address}"\nsecurity = "None"',
        "modbus": f'kind = "modbus"\nhost = "{host}"\nport = {port}',
    }[kind]
    path, taught = json.dumps(str(BOTTLES.resolve())), json.dumps(str(recipe.resolve()))
    site = folder / "bottles.toml"
    site.write_text(SITE.format(plc=plc, path=path, pace=pace, recipe=taught), encoding="utf-8")
    return site


# ---- the line -------------------------------------------------------------------------------------------------------


async def run_line(kind: str, files: Sequence[Path], recipe: Path, folder: Path, pace: float) -> Line:
    """Let the bottles come, one after the other, and gather what PLC and store hold of each."""
    program = PlcProgram(PlcSettings(deadline_s=GATE_S, quiet_s=0.5))
    stations = PlcStations({"bottles": program})
    plc: SimulatedPlc = OpcUaServingPlc(stations) if kind == "opcua" else ModbusServingPlc(stations, {"bottles": 0})
    site = site_file(folder, kind, await plc.start(), recipe, pace)
    log = (folder / "gateway.log").open("wb")
    gateway = await asyncio.create_subprocess_exec(*COMMAND, "run", str(site), cwd=ROOT, stderr=log)
    try:
        if not await _until(lambda: program.armed and stations.g["bottles"].state == GwState.READY, READY_S):
            raise SystemExit(f"the gateway was not ready within {READY_S:g} s; it says: {_last_words(folder)}")
        began = time.monotonic()
        for file in files:
            # A conveyor that was held up does not send the parts it owes all at once.
            program.arrive(file.stem, 1)
            await asyncio.sleep(60 / PER_MINUTE / pace)
        seconds = time.monotonic() - began
        await _until(lambda: len(program.log) == len(files), 5.0)
        await _until(lambda: len(_stored(folder)) == len(files), STORED_S)  # what is missing then is counted
    finally:
        if gateway.returncode is None:
            gateway.terminate()
        exit_code = await asyncio.wait_for(gateway.wait(), 30.0)
        await plc.stop()
        log.close()
    seen = {part.part_id: part for part in program.log}
    order = tuple(file.stem for file in files)
    return Line(kind, seconds, order, seen, _stored(folder), program.stray_results, exit_code)


async def _until(holds: Callable[[], bool], bound_s: float) -> bool:
    for _ in range(round(bound_s / LOOK_S)):
        if holds():
            return True
        await asyncio.sleep(LOOK_S)
    return False


def _last_words(folder: Path) -> str:
    return (folder / "gateway.log").read_text(encoding="utf-8")[-500:]


def _stored(folder: Path) -> dict[str, PartRow]:
    with Reader(folder / "data") as reader:
        return {row.part_id: row for row in reader.parts(100_000)}


# ---- what came of it ------------------------------------------------------------------------------------------------


def astray(line: Line) -> tuple[int, int, int]:
    """Count results late, lost, and wrong: on another part, or not the one that is in the store."""
    late = sum(part.late for part in line.plc.values())
    lost = sum(part_id not in line.plc or line.plc[part_id].result_at is None for part_id in line.order)
    wrong = sum(part.wrong or not _same(part, line.store.get(part.part_id)) for part in line.plc.values())
    return late, lost, wrong + line.strays


def _same(told: PartLog, stored: PartRow | None) -> bool:
    return stored is not None and (told.sequence, told.verdict) == (stored.sequence, int(stored.evaluation))


def unlike_judge(line: Line, alone: dict[str, dict[str, Any]]) -> list[str]:
    """List the parts judged by their sound whose stored verdict or score is not exactly what `judge FILE` says."""
    return [
        part_id
        for part_id, row in line.store.items()
        if row.outcome == "judged"
        and (row.evaluation.word, row.score) != (alone[part_id]["verdict"], alone[part_id]["score"])
    ]


def figures(line: Line, alone: dict[str, dict[str, Any]], taught: set[str]) -> dict[str, Any]:
    """Join the run with the truth, which is in the names of the files."""
    good = [part for part in line.plc.values() if part.part_id.startswith("good")]
    cracked = [part for part in line.plc.values() if not part.part_id.startswith("good")]
    unseen = [part for part in good if part.part_id not in taught]
    latencies = sorted(row.answer_ms for row in line.store.values() if row.answer_ms is not None)
    return {
        "kind": line.kind,
        "parts": len(line.plc),
        "seconds": round(line.seconds, 1),
        "late_lost_wrong": astray(line),
        "unlike_judge": len(unlike_judge(line, alone)),
        "not_decidable": sum(part.verdict == 3 for part in line.plc.values()),
        "cracked": len(cracked),
        "caught": sum(part.verdict == 2 for part in cracked),
        "cracked_passed": sum(part.passed for part in cracked),
        "good_unseen": len(unseen),
        "rejected_unseen": sum(not part.passed for part in unseen),
        "good_taught": len(good) - len(unseen),
        "rejected_taught": sum(not part.passed for part in good if part.part_id in taught),
        "answer_p50_ms": round(latencies[len(latencies) // 2], 1),
        "answer_p99_ms": round(latencies[len(latencies) * 99 // 100], 1),
        "exit_code": line.exit_code,
    }


def document(rows: Sequence[dict[str, Any]], pace: float) -> str:
    """Write the page."""
    out = [HEAD.format(first=FIRST - 1, per_minute=PER_MINUTE, pace=pace, spacing=60000 / PER_MINUTE / pace)]
    for row in rows:
        late, lost, wrong = row["late_lost_wrong"]
        out.append(
            f"| {row['kind']} | {row['parts']} | {late} / {lost} / {wrong} | {row['unlike_judge']} |"
            f" {row['not_decidable']} | {row['caught']} of {row['cracked']} ({row['caught'] / row['cracked']:.1%}) |"
            f" {row['rejected_unseen']} of {row['good_unseen']} | {row['rejected_taught']} of {row['good_taught']} |"
            f" {row['answer_p50_ms']} / {row['answer_p99_ms']} ms |"
        )
    out += [
        "",
        "Verdict and score in the store are compared with `wheeltapper judge FILE` in every bit. Gateway and PLC share"
        f" {os.cpu_count()} cores ({platform.machine()}, Python {platform.python_version()}).",
        "",
    ]
    return "\n".join(out)


def main() -> None:
    """Run the line over each protocol, print one JSON object each, exit 1 where anything went astray."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pace", type=float, default=4.0)
    parser.add_argument("--good", type=int, default=750)
    parser.add_argument("--cracked", type=int, default=250)
    parser.add_argument("--kinds", nargs="*", default=["opcua", "modbus"])
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name}")
    given = parser.parse_args()
    hush_libraries()
    good, cracked = good_and_cracked()
    files, rows = drawn(good, cracked, given.good, given.cracked), []
    with tempfile.TemporaryDirectory() as made:
        recipe = Path(made) / "recipe"
        teach(recipe, good[:FIRST])
        alone = judged_alone(recipe, files)
        for kind in given.kinds:
            folder = Path(made) / kind
            folder.mkdir()
            line = asyncio.run(run_line(kind, files, recipe, folder, given.pace))
            rows.append(figures(line, alone, {file.stem for file in good[:FIRST]}))
            print(json.dumps(rows[-1]), flush=True)
    if given.write:
        DOCUMENT.write_text(document(rows, given.pace), encoding="utf-8")
    if any(any(row["late_lost_wrong"]) or row["unlike_judge"] or row["exit_code"] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
