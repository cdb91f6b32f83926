"""Simulated glass and machines, and what was taught of them: shared by the tests of sound events."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from analytics.synthesis.streams import MachineSound
from models.embedding import OnnxEmbedding, load_embedding
from models.sound_kinds import Taught, background_rows, example_rows

RATE = 16_000
Sound = NDArray[np.float32]


def glass(seed: int) -> Sound:
    """Shards: a burst, then twenty high modes that begin one after the other and die away."""
    rng, t = np.random.default_rng(seed), np.arange(round(0.7 * RATE)) / RATE
    out = rng.normal(0, 1, len(t)) * np.exp(-t / 0.02)
    for _ in range(20):
        late = np.maximum(t - rng.uniform(0, 0.35), 0.0)
        ring = np.sin(2 * np.pi * rng.uniform(2500, 7500) * late) * np.exp(-late / rng.uniform(0.02, 0.1))
        out += rng.uniform(0.3, 1.0) * ring * (late > 0)
    return np.asarray(0.3 * out / np.abs(out).max(), np.float32)


def thud(seed: int) -> Sound:
    """A low blow."""
    rng, t = np.random.default_rng(seed), np.arange(round(0.5 * RATE)) / RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * rng.uniform(60, 120) * t) * np.exp(-t / 0.1), np.float32)


def machine(seconds: float, seed: int = 3) -> Sound:
    """A pump that runs."""
    pump = MachineSound("pump", seed, RATE, 1480.0, None)
    return np.asarray(pump.block(0, round(seconds * RATE)), np.float32)


@cache
def student() -> OnnxEmbedding:
    """The embedding that ships."""
    return load_embedding("student")


@cache
def taught(others: bool = True) -> Taught:
    """What eight pieces of glass, a minute of the pump and eight thuds teach."""
    pump, embedding = machine(60.0), student()
    background = [pump[start : start + 5 * RATE] for start in range(0, len(pump), 5 * RATE)]
    examples = tuple(example_rows(glass(seed), background, RATE, embedding, seed) for seed in range(8))
    thuds = tuple(background_rows(thud(seed), RATE, embedding) for seed in range(8)) if others else ()
    return Taught({"glass": examples}, tuple(background_rows(one, RATE, embedding) for one in background), thuds)


def over(bed: Sound, at_s: float, event: Sound, level: float = 1.5) -> Sound:
    """Lay an event over a machine, its RMS against the machine's."""
    out, start = bed.copy(), round(at_s * RATE)
    out[start : start + len(event)] += event * (bed.std() / event.std() * level)
    return out
