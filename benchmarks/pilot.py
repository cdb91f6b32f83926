"""The pilot report on real recordings, and how often its intervals hold.

    python -m benchmarks.pilot [--write] [--keep FOLDER]

`bottles`: taught from the first 500 good bottles, tested on the other 250 and all cracked ones; once as recorded, once
with everything below 300 Hz taken out first, where the good bottles carry a pulse that the cracked ones lack. `engines`:
taught from takes 1 and 2 of each car running well, tested on all others; a take counts as one part.

The intervals are tried on simulated parts in groups of five whose errors come singly, half together, or all together.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from analytics.decision.proportions import share_of

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "../shared/data"
DOCUMENT = ROOT / "docs/pilot.md"
BEGIN, END = "<!-- begin: figures, written by benchmarks/pilot.py -->", "<!-- end: figures -->"
COMMAND = (sys.executable, "-m", "gateway.cli.app")
LOW_HZ = 300.0
DRAWS = 4000


def run(*words: str) -> str:
    done = subprocess.run([*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-1000:]}")
    return done.stdout


def high_passed(folder: Path, into: Path) -> None:
    """Copy a set without what lies below 300 Hz: 6th-order high-pass, before anything is cut into frames."""
    for row in rows_of(folder):
        sound, rate = soundfile.read(folder / row["file"], dtype="float64")
        path = (into / row["file"]).with_suffix(".wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(
            path, sosfilt(butter(6, LOW_HZ, "highpass", fs=rate, output="sos"), sound), rate, subtype="FLOAT"
        )
    text = (folder / "labels.csv").read_text().replace(".flac", ".wav")
    (into / "labels.csv").write_text(text)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def pilot(name: str, folder: Path, goods: list[str], place: Path, *more: str) -> dict[str, object]:
    """Teach, write the report, give the figures that matter."""
    taught = place / name
    for good in goods:
        run_of = Path(good).stem.rpartition("_")[0] if "_take" in good else ""  # a take is a group to teach, too
        link = taught / run_of / Path(good).name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to((folder / good).resolve())
    recipe, out = place / f"{name}-recipe", place / f"{name}.html"
    run("teach", str(recipe), "--good", str(taught))
    labels = ("--labels", str(folder / "labels.csv"))
    told = json.loads(run("pilot", str(folder), *labels, "--recipe", str(recipe), "--out", str(out), "--json", *more))
    figures = told["figures"]
    (place / f"{name}.json").write_text(json.dumps(told))
    return {
        "set": name,
        "left_out": len(told["left_out_taught"]),
        "groups": figures["groups"],
        "missed": figures["rates"]["missed"],
        "false_rejects": figures["rates"]["false_rejects"],
        "missed_alone": figures["alone"]["missed"],
        "kappa": figures["agreement"]["kappa"],
        "targets": [{key: one[key] for key in ("name", "word", "proven", "more")} for one in figures["targets"]],
        "by": {value: rates["missed"] for value, rates in figures["by"].get("car", {}).items()},
        "report_kb": round(out.stat().st_size / 1024),
    }


def errors(draw: np.random.Generator, rate: float, together: float) -> NDArray[np.bool_]:
    """Twenty groups of five: a share of the groups errs as one, the others part by part."""
    whole = draw.random((20, 1)) < together
    return np.where(whole, draw.random((20, 1)) < rate, draw.random((20, 5)) < rate)


def coverage() -> list[dict[str, object]]:
    """Say how often 95 % intervals hold."""
    draw = np.random.default_rng(9)
    groups = [str(number // 5) for number in range(100)]
    lines = []
    for rate in (0.02, 0.1):
        for together in (0.0, 0.5, 1.0):
            held = [0, 0]
            for _ in range(DRAWS):
                events = [bool(one) for one in errors(draw, rate, together).ravel()]
                for place, share in enumerate((share_of(events, groups), share_of(events))):
                    held[place] += share.low <= rate <= share.high
            lines.append({"rate": rate, "together": together, "groups": held[0] / DRAWS, "alone": held[1] / DRAWS})
    return lines


def shown(share: dict[str, float]) -> str:
    return f"{share['rate']:.1%} ({share['low']:.1%} to {share['high']:.1%}; {share['events']} of {share['n']})"


def section(reports: list[dict], intervals: list[dict]) -> str:
    lines = [
        "| set | missed defects | false rejects | missed at most 2 % | false rejects at most 5 % | kappa |",
        "|---|---|---|---|---|---|",
    ]
    for one in reports:
        said = [f"{t['word']} (at most {t['proven']:.1%})" for t in one["targets"]]
        kappa = one["kappa"]
        bounds = f"{kappa['value']:.2f} ({kappa['low']:.2f} to {kappa['high']:.2f})"
        lines.append(
            f"| {one['set']} | {shown(one['missed'])} | {shown(one['false_rejects'])} | {said[0]} | {said[1]} | {bounds} |"
        )
    by = [f"{car}: {shown(share)}" for one in reports for car, share in one["by"].items()]
    lines += ["", f"Missed by car, a take counting as one: {'; '.join(by)}.", ""]
    lines += [
        "| true rate | errors of a group come | 95 % interval by groups holds | part by part holds |",
        "|--:|---|--:|--:|",
    ]
    words = {0.0: "singly", 0.5: "half of them together", 1.0: "together"}
    lines += [
        f"| {one['rate']:.0%} | {words[one['together']]} | {one['groups']:.1%} | {one['alone']:.1%} |"
        for one in intervals
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="the pilot report on real recordings")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/pilot.md")
    parser.add_argument("--keep", type=Path, help="leave reports and recipes in this folder")
    given = parser.parse_args()
    if not DATA.is_dir():
        print("skipped: the recordings are not here")
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = given.keep or Path(temporary)
        bottles, engines = DATA / "bottles", DATA / "engines"
        goods = [row["file"] for row in rows_of(bottles) if row["label"] == "good"][:500]
        reports = [pilot("bottles", bottles, goods, place)]
        high_passed(bottles, place / "high")
        reports.append(
            pilot("bottles-300-hz", place / "high", [name.replace(".flac", ".wav") for name in goods], place)
        )
        first = [row["file"] for row in rows_of(engines) if row["label"] == "normal" and row["take"] in "12"]
        columns = [word for name in ("car", "label", "take") for word in ("--group", name)]
        reports.append(pilot("engines", engines, first, place, *columns, "--by", "car"))
    intervals = coverage()
    for line in [*reports, *intervals]:
        print(json.dumps(line))
    if given.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{section(reports, intervals)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
