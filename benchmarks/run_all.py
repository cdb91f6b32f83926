"""Every benchmark, one after the other, and docs/latency.md written from what they print.

    make bench        or: python -m benchmarks.run_all [--quick]

Accuracy scripts write their own sections of docs/accuracy.md and docs/accuracy-machines.md; they need ../shared/data
and say so where it is missing. Nothing else should run meanwhile: the figures belong to one machine and one load.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import noisy_day

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
BEGIN, END = "<!-- begin: figures, written by benchmarks/run_all.py -->", "<!-- end: figures -->"


def lines_of(module: str, *arguments: str) -> list[dict[str, Any]]:
    """Run a benchmark in a process of its own; its JSON lines."""
    print(f"== {module} {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, end="", flush=True)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        raise SystemExit(f"benchmarks.{module} failed")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def accuracy(quick: bool) -> None:
    """Run what needs real recordings."""
    if not DATA.is_dir():
        print(f"skipped: accuracy, diagnosis and the bottle line need recordings that are not here ({DATA.name})")
        return
    lines_of("accuracy")
    lines_of("steady")
    lines_of("diagnosis")
    if quick:
        return
    for module in ("guarantee", "hidden"):
        lines_of(module)
    for module in (
        "gate",
        "speech",
        "events",
        "microphone_faults",
        "cancelling",
        "diagnosis_evidence",
        "diagnosis_simulated",
        "diagnosis_peers",
        "wear",
    ):
        lines_of(module)
    for module in ("few_shot", "sister_units", "embedding", "labels"):
        lines_of(module)
    lines_of("compared")
    lines_of("bottles_line", "--write")
    lines_of("pilot", "--write")


def latency_table(rows: list[dict[str, Any]]) -> str:
    """Lay the latency runs out as a table."""
    text = [
        "| run | stations | HMIs | browsers | parts | p50 ms | p99 ms | max ms | late / lost / wrong | CPU-s per s | MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|",
    ]
    for row in rows:
        if "p99_ratio" in row:
            continue
        wrong = " / ".join(map(str, row.get("late_lost_wrong", []))) or "-"
        cells = [row["kind"], *(row.get(key, "-") for key in ("stations", "hmi_clients", "viewers", "parts"))]
        cells += [row.get(key, "-") for key in ("p50_ms", "p99_ms", "max_ms")]
        text.append("| " + " | ".join(map(str, [*cells, wrong, row.get("cpu", "-"), row.get("memory_mb", "-")])) + " |")
    return "\n".join([*text, *(ratio(row) for row in rows if "p99_ratio" in row)])


def ratio(row: dict[str, Any]) -> str:
    """Say what company costs."""
    wanted, told = row["wanted"], row["told_per_s"]
    return (
        f"\nWith company, which was told {told.get('hmi_clients', 0)} values and {told.get('viewers', 0)} events of the "
        f"page a second, the p99 is {row['p99_ratio']:.2f} times that of the same run alone (wanted at most "
        f"{wanted['p99_ratio']}), {row['p99_ms']:.1f} ms (wanted at most {wanted['p99_ms']:.0f} ms)."
    )


def machine() -> str:
    """Say on what the figures were taken."""
    return (
        f"Taken {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, Linux loopback; PLC, HMI clients and gateway share the cores."
    )


def write_section(path: Path, text: str) -> None:
    """Replace what stands between the markers of a document."""
    document = path.read_text(encoding="utf-8")
    before, after = document.split(BEGIN)[0], document.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description="every benchmark, one after the other")
    parser.add_argument("--quick", action="store_true", help="shorter runs, for a first look")
    quick = parser.parse_args().quick
    accuracy(quick)
    seconds = "20" if quick else "120"
    lines_of("detectors")
    lines_of("stations", "--seconds", "60" if quick else "600", "--write")
    lines_of("worker_day", "--hours", "1" if quick else "24", *([] if quick else ["--write"]))
    lines_of("page_memory", "--hours", "1" if quick else "24", *([] if quick else ["--write"]))
    rows = lines_of("latency", "--seconds", seconds, "--clients", "20", "--viewers", "50")
    rows += lines_of("latency", "--seconds", seconds, "--stations", "1", "--kinds", "opcua")[1:]
    days = [
        one for seed in "123"[: 1 if quick else 3] for one in lines_of("noisy_day", "--seed", seed, "--kills", "20")
    ]
    write_section(ROOT / "docs" / "alerts.md", noisy_day.table(days))
    write_section(ROOT / "docs" / "latency.md", f"{machine()}\n\n{latency_table(rows)}")


if __name__ == "__main__":
    main()
