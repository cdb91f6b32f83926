"""Lessons for the student: windows of synthetic sound as it will hear them, and what aiSFX answers to each.

    python -m models.training.lessons FOLDER [--models FOLDER] [--blocks 96] [--processes 2]

A block of 256 sounds and 64 short knocks (576 windows of half a second) takes about 6 s on one core, half of it the
teacher. Block k always holds the same sounds, whatever the number of processes.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embedding import OnnxEmbedding, load_embedding
from models.front_end import front_end, resample, stretched
from models.training.sounds import RATE, short_knock, sound
from models.training.student_card import FRAMES, FRONT_END, WINDOW

SEED = 20_260
SOUNDS, KNOCKS = 256, 64  #: of a block
RATES, SHARES = (44_100, 48_000, 32_000, 16_000), (0.6, 0.15, 0.05, 0.2)  #: a window is heard at
SILENT = 1e-3  #: RMS beside a sound of unit RMS; a window below it teaches nothing

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Lessons:
    """Inputs (n, 44, 64) float16 and the teacher's vectors (n, 512) float32."""

    inputs: NDArray[np.float16]
    targets: Values


def windows_of(block: int) -> list[Values]:
    """Return the windows of a block: two of each sound, one of each knock; those that are silent are left out."""
    chance = np.random.default_rng((SEED, block))
    cut = []
    for _ in range(SOUNDS):
        whole = sound(chance)
        cut += [whole[start : start + WINDOW] for start in chance.integers(0, RATE - WINDOW, 2)]
    cut += [short_knock(chance)[:WINDOW] for _ in range(KNOCKS)]
    return [one for one in cut if np.sqrt(np.mean(np.square(one))) > SILENT]


def heard(windows: list[Values], teacher: OnnxEmbedding, chance: np.random.Generator) -> Lessons:
    """Turn windows into lessons, each through a converter of some rate: at a low one the upper bands stay empty."""
    inputs, targets = [], []
    for window, rate in zip(windows, chance.choice(RATES, len(windows), p=SHARES).tolist(), strict=True):
        sound = resample(window, RATE, rate)
        inputs.append(front_end(sound, rate, stretched(FRONT_END, RATE, rate))[:FRAMES])
        targets.append(teacher.embed(sound, rate))
    return Lessons(np.array(inputs, np.float16), np.array(targets, np.float32))


def make(block: int, folder: Path, models: Path | None) -> int:
    """Write one block, where it is not there yet; return how many lessons it holds."""
    path = folder / f"block{block:04d}.npz"
    if not path.exists():
        chance = np.random.default_rng((SEED, block, 1))
        lessons = heard(windows_of(block), load_embedding("aisfx", models), chance)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, inputs=lessons.inputs, targets=lessons.targets)
        part.rename(path)
    with np.load(path) as stored:
        return len(stored["inputs"])


def load_lessons(folder: Path) -> Lessons:
    """Read every block, in order."""
    stored = [np.load(path) for path in sorted(folder.glob("block*.npz"))]
    return Lessons(
        np.concatenate([one["inputs"] for one in stored]), np.concatenate([one["targets"] for one in stored])
    )


def main() -> None:
    """Write the blocks that are missing."""
    parser = argparse.ArgumentParser(description="what the student learns from")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, default=None, help="where aiSFX was built")
    parser.add_argument("--blocks", type=int, default=96)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(given.processes) as pool:
        counts = pool.map(partial(make, folder=given.folder, models=given.models), range(given.blocks))
        for block, count in enumerate(counts):
            print(f"block {block}: {count} lessons", flush=True)


if __name__ == "__main__":
    main()
