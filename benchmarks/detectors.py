"""What a detector costs for one 500 ms window, beside the library it comes from; and log-mel beside librosa.

    python -m benchmarks.detectors

One thread, one window at a time, 128 numbers a window, a thousand good windows taught (2000 for the nearest
neighbour). librosa is looked for in this environment, or in the one whose python LIBROSA_PYTHON names; where there is
none that is said, and its row left out. Writes its sections of docs/performance.md.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn
from threadpoolctl import threadpool_limits

from analytics.features.log_mel import Level, MelPlan, Profile, log_mel, mel_plan, part_features
from analytics.signal.spectra import frames_of
from models.autoencoder import OnnxScorer, onnx_of
from models.detectors import BANK, KINDS, fitted

RATE, STRIDE_S, WINDOW_S = 48_000, 0.05, 0.5
TAUGHT, NUMBERS = 1000, 128
WANTED_US = {"detector": 50, "log-mel": 90}
#: librosa as its users run it: the newest frames of the same size and hop, power, mel, logarithm.
LIBROSA = """
import time, numpy as np, librosa
rng = np.random.default_rng(0)
sound = rng.normal(0, 0.1, {samples}).astype(np.float32)
def mel(x):
    return librosa.power_to_db(librosa.feature.melspectrogram(
        y=x, sr={rate}, n_fft={frame}, hop_length={hop}, n_mels=64, center=False, fmin=50, fmax=16000))
def median(n):
    mel(sound[:n])
    spent = []
    for k in range(200):
        begin = time.perf_counter()
        mel(sound[:n])
        spent.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(spent))
print(librosa.__version__, median({fresh}), median({window}))
"""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/performance.md"


def write_section(name: str, text: str) -> None:
    """Put measured figures between their marks in docs/performance.md, and show them."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise SystemExit(f"{DOCUMENT}: no line {begin.strip()} to write the figures under")
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    print(text)


def median_us(call: Callable[[int], object], times: int) -> float:
    """Median wall time of one call, microseconds."""
    call(0)
    spent = []
    for index in range(times):
        begin = time.perf_counter()
        call(index)
        spent.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(spent))


def goods(count: int) -> np.ndarray:
    """Correlated numbers, as log-mel features of one kind of part are."""
    rng = np.random.default_rng(1)
    latent = rng.normal(size=(count, 20)) @ rng.normal(size=(20, NUMBERS))
    return (latent + rng.normal(0, 0.5, (count, NUMBERS)) - 8).astype(np.float32)


def detectors() -> str:
    rows = [f"| detector, one window of {NUMBERS} numbers | here us | library us | ONNX Runtime us | wanted us |"]
    rows.append("|---|--:|--:|--:|--:|")
    for name, kind in KINDS.items():
        taught = goods(BANK if name == "nearest" else TAUGHT)
        one = fitted(name, taught, [""] * len(taught))
        ours = median_us(lambda k, one=one, x=taught: one.detector.score(x[k % len(x)][None]), 1000)
        theirs = "-"
        if one.score is not None:
            slow = median_us(lambda k, one=one, x=taught: one.score(x[k % len(x)][None]), 60)
            theirs = f"{slow:.0f} ({kind.library})"
        onnx = "-"
        if name == "autoencoder":
            scorer = OnnxScorer(onnx_of(one.detector))
            onnx = f"{median_us(lambda k, scorer=scorer, x=taught: scorer.score(x[k % len(x)][None]), 1000):.0f}"
        wanted = WANTED_US["detector"] if name not in {"mahalanobis", "fusion"} else "-"
        rows.append(f"| {name} | {ours:.0f} | {theirs} | {onnx} | {wanted} |")
    return "\n".join(rows)


def log_mel_beside_librosa() -> str:
    rows = ["| log-mel, 64 bands, 48 kHz | here us | librosa us | wanted us |", "|---|--:|--:|--:|"]
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, 20 * RATE).astype(np.float32)
    stride = round(STRIDE_S * RATE)
    for profile in (Profile.STEADY, Profile.KNOCK):
        plan = mel_plan(RATE, profile)
        fresh, part = plan.frame - plan.hop + stride, round(WINDOW_S * RATE)

        def stretch(k: int, n: int) -> np.ndarray:
            return sound[k * stride % (len(sound) - n) :][:n]

        def frames(k: int, plan: MelPlan = plan, n: int = fresh) -> None:
            log_mel(frames_of(stretch(k, n), plan.frame, plan.hop), plan)

        def whole_part(k: int, plan: MelPlan = plan, profile: Profile = profile, n: int = part) -> None:
            part_features(stretch(k, n), plan, profile, Level.NORMALISED)

        ours, ours_whole = median_us(frames, 300), median_us(whole_part, 300)
        peer = librosa(plan.frame, plan.hop, fresh)
        only, whole, version = peer or ("-", "-", "absent")
        size = f"{1000 * plan.frame / RATE:.1f} ms frames, {1000 * plan.hop / RATE:.2g} ms hop"
        rows.append(f"| frames of 50 ms of sound, {profile} ({size}) | {ours:.0f} | {only} | {WANTED_US['log-mel']} |")
        rows.append(f"| a part of 500 ms whole, level and statistics too | {ours_whole:.0f} | {whole} | - |")
    return "\n".join([*rows, "", f"librosa {version}."])


def librosa(frame: int, hop: int, fresh: int) -> tuple[str, str, str] | None:
    """Time librosa in an environment that has it: new frames alone, a whole window, version; None where none has."""
    window = round(WINDOW_S * RATE)
    code = LIBROSA.format(samples=window, rate=RATE, frame=frame, hop=hop, fresh=fresh, window=window)
    python = os.environ.get("LIBROSA_PYTHON", sys.executable)
    one_thread = {**os.environ, **dict.fromkeys(THREADS, "1")}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, env=one_thread)
    if done.returncode:
        print(f"skipped: librosa is not there for {python}; set LIBROSA_PYTHON", file=sys.stderr)
        return None
    version, only, whole = done.stdout.split()
    return f"{float(only):.0f}", f"{float(whole):.0f}", version


def main() -> None:
    """Measure, and write both tables."""
    with threadpool_limits(1):
        tables = (detectors(), log_mel_beside_librosa())
    where = (
        f"Median, one thread ({platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}):"
    )
    write_section("detectors", "\n\n".join([where, *tables]))


if __name__ == "__main__":
    main()
