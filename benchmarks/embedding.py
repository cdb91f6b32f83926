"""How well embeddings name a sound from a few examples, and what they cost: student, aiSFX, an untrained net, log-mel.

    python -m benchmarks.embedding [--models FOLDER] [--only NAME ...]

One fixed setting for all of them: a recording is one vector; five examples a kind from the other folds; prototypes,
whitened by the Ledoit-Wolf covariance of the examples' own residuals (distance d^2 n / (n + 1)). Writes a section of
docs/accuracy.md and one of docs/performance.md. aiSFX is left out, aloud, where it is not built.
"""

import argparse
import csv
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits

from analytics.features.log_mel import Level, Profile, mel_plan, part_features
from benchmarks.accuracy import DATA, ROOT, auc, write_figures
from benchmarks.diagnosis_peers import write
from models.embedding import ModelError, OnnxEmbedding, load_embedding
from models.training import student_file
from models.training.student_card import SIZE

DRAWS, SHOTS, ASKED = 12, 5, 2
SEEDS = 3  #: untrained nets
KNOCK_S = 0.1  #: a recording shorter than this is a knock; only the bottles are

Embed = Callable[[NDArray[np.float32], int], NDArray[np.float32]]
Rows = NDArray[np.float64]


def log_mel(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Give what needs no network, as parts are judged by it: 64 bands, loudness left out, at the sound's own rate."""
    profile = Profile.KNOCK if len(samples) < KNOCK_S * rate else Profile.STEADY
    plan = mel_plan(rate, profile)
    shortest = plan.frame + plan.hop
    return part_features(np.pad(samples, (0, max(0, shortest - len(samples)))), plan, profile, Level.NORMALISED)


def recordings(name: str) -> Iterator[tuple[dict[str, str], NDArray[np.float32], int]]:
    with (DATA / name / "labels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            samples, rate = sf.read(DATA / name / row["file"], dtype="float32")
            yield row, samples, rate


class Noise:
    """The set of 25 kinds, as vectors of one embedding, or of one for each of the folds that are asked."""

    def __init__(self, embed: Embed | Mapping[str, Embed]) -> None:
        sounds = list(recordings("noise"))
        rows = [row for row, _, _ in sounds]
        each = embed if isinstance(embed, Mapping) else dict.fromkeys(sorted({row["fold"] for row in rows}), embed)
        known: dict[Embed, Rows] = {}
        for one in each.values():
            if one not in known:
                known[one] = np.array([one(samples, rate) for _, samples, rate in sounds], np.float64)
        self.vectors = {fold: known[one] for fold, one in each.items()}
        self.kinds = np.array([row["label"] for row in rows])
        self.folds = np.array([row["fold"] for row in rows])

    def naming(self, shots: int = SHOTS, seed: int = 0) -> list[float]:
        """Share of sounds named right of each draw: every fold asked, the others give the examples."""
        return [float(np.mean(right)) for right in self._draws(shots, seed)]

    def _draws(self, shots: int, seed: int) -> Iterator[NDArray[np.bool_]]:
        chance = np.random.default_rng(seed)
        names = np.unique(self.kinds)
        for _ in range(DRAWS):
            right = []
            for fold, vectors in self.vectors.items():
                inside = self.folds == fold
                shown = [chance.permutation(np.flatnonzero((self.kinds == name) & ~inside))[:shots] for name in names]
                asked = np.concatenate(
                    [chance.permutation(np.flatnonzero((self.kinds == name) & inside))[:ASKED] for name in names]
                )
                found = named([vectors[one] for one in shown], vectors[asked])
                right.append(names[found] == self.kinds[asked])
            yield np.concatenate(right)

    def glass(self) -> float:
        """AUC of glass breaking against all else: a linear discriminant with shrunk covariance, fold left out."""
        target, scores = self.kinds == "glass_breaking", np.full(len(self.kinds), np.nan)
        for fold, vectors in self.vectors.items():
            inside = self.folds == fold
            centre, scale = vectors[~inside].mean(0), vectors[~inside].std(0) + 1e-6
            scaled = (vectors - centre) / scale
            model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(scaled[~inside], target[~inside])
            scores[inside] = model.decision_function(scaled[inside])
        asked = np.isfinite(scores)
        return auc(scores[~target & asked], scores[target & asked])


def named(shown: Sequence[Rows], asked: Rows) -> NDArray[np.intp]:
    """Place of the nearest prototype for each asked vector, whitened within the kinds."""
    centres = np.array([one.mean(axis=0) for one in shown])
    n = np.array([len(one) for one in shown])
    residuals = np.concatenate([(one - one.mean(0)) * np.sqrt(len(one) / max(1, len(one) - 1)) for one in shown])
    scale = residuals.std(axis=0) + 1e-9 if n.max() > 1 else centres.std(axis=0) + 1e-9
    if n.max() > 1:
        covariance, _ = ledoit_wolf(residuals / scale, assume_centered=True)
        values, directions = np.linalg.eigh(covariance)
        whiten = directions / np.sqrt(values)
    else:
        whiten = np.eye(len(scale))
    ours, theirs = (asked / scale) @ whiten, (centres / scale) @ whiten
    distance = np.square(ours[:, None] - theirs[None]).sum(axis=2) * n / (n + 1)
    return np.argmin(distance, axis=1)


def spread(values: Sequence[float]) -> str:
    """Mean of the draws, and half the width of its 95 % interval over them."""
    return f"{np.mean(values):.3f} +- {1.96 * np.std(values) / np.sqrt(len(values)):.3f}"


def strangeness(learned: Rows, asked: Rows) -> Rows:
    """Mahalanobis distance, covariance shrunk by Ledoit and Wolf, columns standardised."""
    centre, scale = learned.mean(axis=0), learned.std(axis=0) + 1e-6
    covariance, _ = ledoit_wolf((learned - centre) / scale)
    factor = np.linalg.cholesky(np.linalg.inv(covariance))
    return np.square((asked - centre) / scale @ factor).sum(axis=1)


def parts(embed: Embed) -> Iterator[float]:
    """AUC where few-shot naming is not the question: bottles from 10 and 500 good, and motors of another unit."""
    for low_hz in (0, 300):
        bottles = [(row, vector_of(embed, samples, rate, low_hz)) for row, samples, rate in recordings("bottles")]
        good = np.array([v for row, v in bottles if row["label"] == "good"], np.float64)
        index = np.array([int(row["index"]) for row, _ in bottles if row["label"] == "good"])
        bad = np.array([v for row, v in bottles if row["label"] != "good"], np.float64)
        chance = np.random.default_rng(0)
        draws = [chance.permutation(np.flatnonzero(index < 500))[:10] for _ in range(5)]
        for chosen in (draws, [np.flatnonzero(index < 500)]):
            yield float(
                np.mean(
                    [auc(strangeness(good[one], good[index >= 500]), strangeness(good[one], bad)) for one in chosen]
                )
            )
    rows = [(row, embed(samples, rate)) for row, samples, rate in recordings("bldc")]
    found = []
    for unit, other in (("M1", "M2"), ("M2", "M1")):
        learned, good = (
            np.array([v for row, v in rows if row["label"] == "healthy" and row["motor"] == one], np.float64)
            for one in (unit, other)
        )
        bad = np.array([v for row, v in rows if row["label"] != "healthy"], np.float64)
        found.append(auc(strangeness(learned, good), strangeness(learned, bad)))
    yield float(np.mean(found))


def vector_of(embed: Embed, samples: NDArray[np.float32], rate: int, low_hz: int) -> NDArray[np.float32]:
    if low_hz:
        samples = np.asarray(sosfilt(butter(6, low_hz, "highpass", fs=rate, output="sos"), samples), np.float32)
    return embed(samples, rate)


def untrained(seed: int, folder: Path) -> OnnxEmbedding:
    """Give the student its network with random weights (He), nothing learned."""
    chance, weights = np.random.default_rng(seed), {}
    for index, (one, other, side) in enumerate(((1, 16, 5), (16, 32, 3), (32, 64, 3), (64, 80, 3))):
        weights[f"convolutions.{index}.weight"] = chance.normal(
            0, np.sqrt(2 / (one * side**2)), (other, one, side, side)
        )
        parts_of_norm = (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0))
        weights |= {f"norms.{index}.{part}": np.full(other, value) for part, value in parts_of_norm}
    weights["last.weight"] = chance.normal(0, np.sqrt(1 / 1920), (SIZE, 1920)).astype(np.float32)
    weights["last.bias"] = np.zeros(SIZE, np.float32)
    return OnnxEmbedding(student_file.write(weights, folder / f"untrained{seed}", "untrained", {}))


def embeddings(models: Path | None, folder: Path) -> Iterator[tuple[str, list[Embed], str]]:
    """Name, the function or the functions it stands for, and what it costs to keep."""
    yield "log-mel statistics, level-normalised", [log_mel], "-"
    yield f"untrained net, {SEEDS} seeds", [untrained(seed, folder).embed for seed in range(SEEDS)], "1.3 MB"
    for name in ("student", "aisfx"):
        try:
            one = load_embedding(name, models)
        except ModelError as fault:
            print(f"skipped: {fault}")
            continue
        yield f"**{name}**" if name == "student" else name, [one.embed], f"{one.path.stat().st_size / 1e6:.1f} MB"


def accuracy(models: Path | None) -> str:
    text = [
        "| embedding | 25 kinds, 5 examples | 1 example | all examples | glass breaking, AUC "
        "| bottles, 10 good / 500 good | >= 300 Hz | motors, another unit |\n|---|---|---|---|---|---|---|---|\n"
    ]
    with TemporaryDirectory() as folder:
        for name, embeds, _ in embeddings(models, Path(folder)):
            sets = [Noise(embed) for embed in embeds]
            five, one, every = (
                spread([share for noise in sets for share in noise.naming(shots)]) for shots in (SHOTS, 1, 1_000)
            )
            auc10, auc500, high10, high500, motors = np.mean([list(parts(embed)) for embed in embeds], axis=0)
            text.append(
                f"| {name} | {five} | {one} | {every} | {np.mean([noise.glass() for noise in sets]):.3f} "
                f"| {auc10:.3f} / {auc500:.3f} | {high10:.3f} / {high500:.3f} | {motors:.3f} |\n"
            )
            print(text[-1], end="", flush=True)
    return "".join(text)


def cost(models: Path | None) -> str:
    text = [
        f"One thread, median of 300, {machine()}; front end included.\n\n"
        "| embedding | 0.5 s at 44.1 kHz | 0.5 s at 48 kHz | 2 s at 16 kHz | file |\n|---|--:|--:|--:|--:|\n"
    ]
    with TemporaryDirectory() as folder:
        for name, embeds, size in embeddings(models, Path(folder)):
            half, other, two = (
                microseconds(embeds[0], *one) for one in ((22_050, 44_100), (24_000, 48_000), (32_000, 16_000))
            )
            text.append(f"| {name} | {half:.0f} us | {other:.0f} us | {two / 1000:.2f} ms | {size} |\n")
    return "".join(text)


def microseconds(embed: Embed, n: int, rate: int) -> float:
    sound = np.random.default_rng(0).normal(0, 0.1, n).astype(np.float32)
    taken = []
    for _ in range(300):
        begun = time.perf_counter()
        embed(sound, rate)
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken)) * 1e6


def machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(description="embeddings side by side")
    parser.add_argument("--models", type=Path, default=None, help="where aiSFX was built")
    models = parser.parse_args().models
    with threadpool_limits(1):
        write(ROOT / "docs/performance.md", "embedding", cost(models))
        if not (DATA / "noise/labels.csv").exists():
            raise SystemExit(f"skipped: no recordings at {DATA.resolve()}")
        write_figures("embedding", accuracy(models))


if __name__ == "__main__":
    main()
