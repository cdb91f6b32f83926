"""What each detector is worth on real recordings, by the code behind `wheeltapper compare`.

    python -m benchmarks.compared

One fixed setting for every set; good parts scored by fits that had not seen their group (take, speed) or, where there
is one group, their fold. Writes its section of docs/detectors.md.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from analytics.features.log_mel import Level
from benchmarks.accuracy import DATA, Clip, clips_of
from models.comparison import Compared, compare, listen
from models.detectors import KINDS
from models.taught import TaughtPart, TeachSettings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs/detectors.md"
BEGIN, END = "<!-- compared: begin -->\n", "<!-- compared: end -->"

Case = tuple[str, list[TaughtPart], TeachSettings]


def parts_of(clips: Sequence[Clip], good: str, group: str = "") -> list[TaughtPart]:
    """Label clips; those of a good label are good, of the group their column says."""
    return [
        clip.taught(clip.row[group] if group else "") if clip.row["label"] == good else clip.taught(defect="bad")
        for clip in clips
    ]


def cases() -> Iterator[Case]:
    """Every set that has eight good parts of one unit."""
    bottles = parts_of(clips_of("bottles"), "good")
    for level in Level:
        yield f"bottles, {level}", bottles, TeachSettings(level=level)
        yield f"bottles >= 300 Hz, {level}", bottles, TeachSettings(level=level, low_hz=300.0)
    engines = clips_of("engines")
    for car in sorted({clip.row["car"] for clip in engines}):
        ours = [clip for clip in engines if clip.row["car"] == car]
        yield f"engines {car}, by take", parts_of(ours, "normal", "take"), TeachSettings(level=Level.NORMALISED)
    fan = [clip for clip in clips_of("fan") if clip.row["machine"] == "fan_a"]
    yield "fan_a", parts_of(fan, "normal"), TeachSettings(level=Level.NORMALISED)
    bldc = [clip for clip in clips_of("bldc") if clip.capture.rate == 16_000]
    yield "bldc, by speed", parts_of(bldc, "healthy", "speed"), TeachSettings(level=Level.NORMALISED)


def table(found: dict[str, dict[str, Compared]], figure: Callable[[Compared], str]) -> list[str]:
    """Lay one figure out: a row a set, a column a detector."""
    rows = [f"| | {' | '.join(KINDS)} |", f"|---{'|--:' * len(KINDS)}|"]
    return rows + [f"| {name} | {' | '.join(figure(one[kind]) for kind in KINDS)} |" for name, one in found.items()]


def main() -> None:
    """Measure and write."""
    if not (DATA / "bottles/labels.csv").exists():
        raise SystemExit(f"no recordings at {DATA.resolve()}: this benchmark compares on real sound")
    found, counts = {}, []
    with threadpool_limits(1):
        for name, parts, settings in cases():
            heard = listen(parts, settings, lambda done, total, what: None)
            counts.append(f"{name} {len(heard.good)} + {len(heard.bad)}")
            found[name] = compare(heard, lambda done, total, what: None)
    aucs = {kind: [one[kind].ours.auc for one in found.values()] for kind in KINDS}
    text = [
        "AUC of detectors on the same numbers of a part:",
        "",
        *table(found, lambda one: f"{one.ours.auc:.3f}"),
        f"| **mean (worst)** | {' | '.join(f'{np.mean(one):.3f} ({min(one):.2f})' for one in aucs.values())} |",
        "",
        "Partial AUC up to 10 % false rejects (McClish; 0.5 is chance), and bad parts caught at 1 % false rejects:",
        "",
        *table(found, lambda one: f"{one.ours.partial_auc:.2f}, {one.ours.caught:.0%}"),
        "",
        "Drift, in spreads of the good parts: 3 dB louder / treble up 3 dB a decade:",
        "",
        *table(found, lambda one: f"{one.drift['louder']:z.1f} / {one.drift['tilted']:z.1f}"),
        "",
        f"Good + bad parts: {'; '.join(counts)}.",
    ]
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    written = "\n".join(text)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{written}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(written)


if __name__ == "__main__":
    main()
