"""The diagnosis beside plain envelope spectra, a kurtogram's band and openconmo's methods, on the same sound.

A peer gives a spectrum and no verdict, so all of them get one and the same: of each fault the mean, over three multiples
of its line, of ln(highest bin within 1.5 % / local median / the log of how many bins were looked at); the fault with the
most is called where that is over 1.6, at which no healthy public record is called by the raw envelope.
Run: ``python -m benchmarks.diagnosis_peers``. openconmo runs in `.foreign/openconmo`; where that is missing it is said.
"""

import platform
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from threadpoolctl import threadpool_limits

from analytics.diagnosis.joint import diagnose, explain, prepare
from analytics.signal.envelope import squared_envelope_spectrum
from analytics.signal.kurtogram import kurtogram
from benchmarks.diagnosis_simulated import BACKGROUNDS, BEARING, FAULTS, RATE, SECONDS, background, fault

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / ".foreign/openconmo/bin/python"
INSTALL = "python -m venv .foreign/openconmo; .foreign/openconmo/bin/pip install --no-deps openconmo==0.0.6; ... numpy scipy tqdm"
LEVELS_DB = (-15.0, -12.5, -10.0, -7.5, -5.0, 0.0)
TRIALS, HEALTHY_TRIALS = 8, 12
LIMIT, TOLERANCE, SHAFT_LINES = 1.6, 0.015, 12
TOP_HZ = 3.2 * BEARING.bpfi * 48
Floats = NDArray[np.float64]


def verdict(depth: Floats, step_hz: float, shaft_hz: float) -> str | None:
    """Decide from a spectrum alone; multiples of the shaft are blanked."""
    power = np.asarray(depth, np.float64) ** 2
    floor = median_filter(power, 2 * max(12, round(0.5 * shaft_hz / step_hz)) + 1) + 1e-300
    over = power / floor
    for k in range(1, SHAFT_LINES + 1):
        at = round(k * shaft_hz / step_hz)
        over[max(0, at - 1) : at + 2] = 1.0
    best, most = None, LIMIT
    for name, order in zip(FAULTS, (BEARING.bpfo, BEARING.bpfi, 2 * BEARING.bsf), strict=True):
        gains = []
        for h in (1, 2, 3):
            low, high = (int(h * order * shaft_hz * (1 + s * TOLERANCE) / step_hz) for s in (-1, 1))
            looked = over[low : high + 2]
            gains.append(np.log(max(looked.max(), 1e-9) / np.log(2 * max(len(looked), 2))))
        if np.mean(gains) > most:
            best, most = name, float(np.mean(gains))
    return best


def impulsive(x: Floats, shaft_hz: float) -> str | None:
    band, _ = kurtogram(x, RATE).best(6 * BEARING.bpfi * shaft_hz)
    return verdict(*squared_envelope_spectrum(x, RATE, band), shaft_hz)


def raw(x: Floats, shaft_hz: float) -> str | None:
    return verdict(*squared_envelope_spectrum(x, RATE, (100, RATE / 2)), shaft_hz)


def joint(x: Floats, shaft_hz: float) -> str | None:
    result = diagnose(x, RATE, 60 * shaft_hz, 0.02, BEARING)
    return result.name if result.called else None


OURS: dict[str, Callable[[Floats, float], str | None]] = {
    "wheeltapper": joint,
    "raw envelope": raw,
    "kurtogram band + envelope": impulsive,
}
THEIRS = {
    "envelope": "openconmo envelope",
    "prewhitened": "openconmo pre-whitened",
    "drs_kurtogram": "openconmo DRS + kurtogram",
}


def faulty(level_db: float, disturbances: str) -> Iterator[tuple[Floats, float, str]]:
    t = np.arange(int(SECONDS * RATE)) / RATE
    for trial in range(TRIALS):
        for kind in FAULTS:
            chance = np.random.default_rng((trial, FAULTS.index(kind), 100))
            shaft_hz = float(chance.uniform(12, 48))
            noise = background(chance, disturbances, shaft_hz, t)
            power = np.mean(background(np.random.default_rng((trial, 5)), "quiet", shaft_hz, t) ** 2)
            yield noise + np.sqrt(power * 10 ** (level_db / 10)) * fault(chance, kind, shaft_hz, t), shaft_hz, kind


def healthy() -> Iterator[tuple[Floats, float, str]]:
    t = np.arange(int(SECONDS * RATE)) / RATE
    for number, kind in enumerate(BACKGROUNDS):
        for trial in range(HEALTHY_TRIALS):
            chance = np.random.default_rng((trial, number))
            shaft_hz = float(chance.uniform(12, 48))
            yield background(chance, kind, shaft_hz, t), shaft_hz, "healthy"


def calls(cases: list[tuple[Floats, float, str]]) -> dict[str, str]:
    """Right / wrong / abstain of every method on the same records."""
    told = {name: [method(x, shaft_hz) for x, shaft_hz, _ in cases] for name, method in OURS.items()}
    if PEER.exists():
        theirs, _ = openconmo([x for x, _, _ in cases])
        for key, name in THEIRS.items():
            told[name] = [
                verdict(*spectrum, shaft_hz) for spectrum, (_, shaft_hz, _) in zip(theirs[key], cases, strict=True)
            ]
    return {name: _counted(said, [kind for _, _, kind in cases]) for name, said in told.items()}


def _counted(said: list[str | None], kinds: list[str]) -> str:
    tally = Counter(
        "abstain" if s is None else "right" if s == kind else "wrong" for s, kind in zip(said, kinds, strict=True)
    )
    return f"{tally['right']} / {tally['wrong']} / {tally['abstain']}"


def openconmo(records: list[Floats]) -> tuple[dict[str, list[tuple[Floats, float]]], dict[str, float]]:
    """Spectra by openconmo's three methods of each record, and its costs in ms."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npy", Path(folder) / "out.npz"
        np.save(source, np.stack(records) if records else np.zeros((0, 1)))
        script = Path(__file__).with_name("diagnosis_openconmo.py")
        subprocess.run([PEER, script, source, target, str(RATE), str(TOP_HZ)], check=True)
        with np.load(target) as z:
            found = {
                key: [(z[f"{key}/{i}"].astype(np.float64), float(z[f"{key}/{i}/step"])) for i in range(len(records))]
                for key in THEIRS
            }
            return found, {"envelope": float(z["cost/envelope"]), "kurtogram": float(z["cost/kurtogram"])}


def curve() -> Iterator[str]:
    yield "Right / wrong / abstain of 24 simulated faults a cell (4 s at 25.6 kHz, 8 trials of each of three faults):\n"
    for kind, title in (("quiet", "quiet noise"), ("all", "all disturbances together")):
        rows = {level: calls(list(faulty(level, kind))) for level in LEVELS_DB}
        names = list(rows[LEVELS_DB[0]])
        yield f"\n**{title}**\n\n| fault over noise, dB | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n"
        for level, row in rows.items():
            yield f"| {level:+g} | {' | '.join(row[name] for name in names)} |\n"
    row = calls(list(healthy()))
    yield f"\nHealthy, {HEALTHY_TRIALS} of each of {len(BACKGROUNDS)} backgrounds, called (the middle number):\n\n"
    yield f"| {' | '.join(row)} |\n|{'---|' * len(row)}\n| {' | '.join(row.values())} |\n"
    if not PEER.exists():
        yield f"\nopenconmo was not measured: nothing at {PEER.relative_to(ROOT)} ({INSTALL}).\n"


def _median_ms(work: Callable[[], object]) -> float:
    work()
    spent = []
    for _ in range(40):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return 1000 * float(np.median(spent))


def speed() -> Iterator[str]:
    x = np.random.default_rng(1).standard_normal(96_000).astype(np.float32)
    with threadpool_limits(1):
        ours = {
            "diagnosis": _median_ms(lambda: diagnose(x, 48_000, 1480, 0.02, BEARING)),
            "with decoys": _median_ms(lambda: explain(prepare(x, 48_000, 1480, (BEARING,)), 1480 / 60, 0.02, BEARING)),
            "envelope": _median_ms(lambda: squared_envelope_spectrum(x, 48_000, (100, 12_000))),
            "kurtogram": _median_ms(lambda: kurtogram(x, 48_000)),
        }
    theirs = openconmo([])[1] if PEER.exists() else {}
    beside = {key: f"{theirs[key]:.1f}" if key in theirs else "not measured" for key in ("envelope", "kurtogram")}
    yield (
        "2 s at 48 kHz, one thread, processor time, median of 40 in ms "
        f"({platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}):\n\n"
        "| | here | openconmo 0.0.6 | wanted |\n|---|--:|--:|--:|\n"
        f"| diagnosis of one bearing, whole | {ours['diagnosis']:.1f} | - | 30 |\n"
        f"| the same with the decoy check of every line | {ours['with decoys']:.1f} | - | 30 |\n"
        f"| squared envelope spectrum | {ours['envelope']:.1f} | {beside['envelope']} | 2 |\n"
        f"| kurtogram, 6 halvings | {ours['kurtogram']:.1f} | {beside['kurtogram']} | 15 |\n"
    )


def write(document: Path, name: str, text: str) -> None:
    """Put text between the marks of a section, which has to be there."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = document.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise SystemExit(f"{document}: no line {begin.strip()} to write the figures under")
    document.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    print(text)


def main() -> None:
    """Measure, and write the sections of docs/accuracy-machines.md and docs/performance.md."""
    write(ROOT / "docs/performance.md", "diagnosis", "".join(speed()))
    write(ROOT / "docs/accuracy-machines.md", "peers", "".join(curve()))


if __name__ == "__main__":
    main()
