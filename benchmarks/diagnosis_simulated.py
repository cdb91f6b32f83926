"""Bearing faults and healthy machines with known truth, in backgrounds a plant really has.

Vibration of a 6205 at 25.6 kHz, 4 s, 12 to 48 Hz: impacts with 1 % jitter ring one resonance; noise through three
others; and what disturbs.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from analytics.diagnosis.bearings import lookup
from analytics.diagnosis.joint import diagnose

RATE, SECONDS = 25_600, 4.0
HEALTHY_TRIALS, FAULT_TRIALS = 60, 12
BACKGROUNDS = ("quiet", "shaft", "gear", "hits", "mains", "drift", "all")
FAULTS = ("outer race", "inner race", "rolling element")
BEARING = lookup("6205")
Floats = NDArray[np.float64]


def ring(chance: Generator, low_hz: float, high_hz: float) -> Floats:
    """One resonance's answer to one impact."""
    hz = chance.uniform(low_hz, high_hz)
    t = np.arange(int(0.01 * RATE)) / RATE
    return np.exp(-2 * np.pi * hz * chance.uniform(0.02, 0.06) * t) * np.sin(2 * np.pi * hz * t)


def background(chance: Generator, kind: str, shaft_hz: float, t: Floats) -> Floats:
    noise = chance.standard_normal(len(t))
    noise += sum(fftconvolve(chance.standard_normal(len(t)), ring(chance, 500, 9000))[: len(t)] * 0.5 for _ in range(3))
    turn = 2 * np.pi * shaft_hz * t
    sound = noise.copy()
    if kind in ("shaft", "all"):
        sound += sum(chance.uniform(0, 2) / k * np.sin(k * turn + chance.uniform(0, 6.28)) for k in range(1, 13))
        sound += noise * 0.3 * np.sin(turn)
    if kind in ("gear", "all"):
        sound += 1.5 * (1 + 0.4 * np.cos(turn)) * np.sin(23 * turn) + 0.6 * (1 + 0.4 * np.cos(turn)) * np.sin(46 * turn)
    if kind in ("mains", "all"):
        hum = 2 * np.pi * 50 * t
        sound += np.sin(hum) + 0.5 * np.sin(3 * hum) + 0.3 * noise * np.sin(2 * hum)
    if kind in ("hits", "all"):
        for _ in range(chance.poisson(3 * SECONDS)):
            blow = chance.uniform(5, 30) * ring(chance, 800, 6000)
            at = chance.integers(0, len(t) - len(blow))
            sound[at : at + len(blow)] += blow
    if kind == "drift":
        sound *= np.exp(0.5 * np.sin(2 * np.pi * 0.3 * t + chance.uniform(0, 6.28)))
    return sound


def fault(chance: Generator, kind: str, shaft_hz: float, t: Floats) -> Floats:
    """Impacts of one fault, unit power."""
    order = {"outer race": BEARING.bpfo, "inner race": BEARING.bpfi, "rolling element": 2 * BEARING.bsf}[kind]
    rate = order * shaft_hz * (1 + chance.uniform(-0.012, 0.012))
    count = int(SECONDS * rate) + 2
    at = (np.cumsum(1 + 0.01 * chance.standard_normal(count)) + chance.random()) / rate
    modulated_by = {"outer race": 0.0, "inner race": shaft_hz, "rolling element": BEARING.ftf * shaft_hz}[kind]
    strength = 1 + 0.7 * np.cos(2 * np.pi * modulated_by * at) if modulated_by else np.ones(count)
    train = np.zeros(len(t))
    index = np.round(at * RATE).astype(int)
    inside = index < len(t)
    np.add.at(train, index[inside], strength[inside])
    sound = fftconvolve(train, ring(chance, 2500, 9000))[: len(t)]
    return np.asarray(sound / np.sqrt(np.mean(sound**2)))


def simulated() -> Iterator[str]:
    t = np.arange(int(SECONDS * RATE)) / RATE
    called: Counter[str] = Counter()
    for kind in BACKGROUNDS:
        for trial in range(HEALTHY_TRIALS):
            chance = np.random.default_rng((trial, BACKGROUNDS.index(kind)))
            shaft_hz = chance.uniform(12, 48)
            called[kind] += diagnose(background(chance, kind, shaft_hz, t), RATE, 60 * shaft_hz, 0.02, BEARING).called
    yield "\n### Simulated\n\n"
    yield f"Healthy, {HEALTHY_TRIALS} trials of each of {', '.join(BACKGROUNDS)}: {called.total()} of "
    yield f"{HEALTHY_TRIALS * len(BACKGROUNDS)} called (wanted: 0).\n\n"
    yield "Faults among all disturbances, fault power over noise power:\n\n"
    yield "| dB | right / wrong / abstain | wanted |\n|---|---|---|\n"
    for level_db, bar in ((-10, ""), (-5, ">= 60 % right, 0 wrong"), (0, ">= 85 % right, 0 wrong")):
        tally: Counter[str] = Counter()
        for trial in range(FAULT_TRIALS):
            for kind in FAULTS:
                chance = np.random.default_rng((trial, FAULTS.index(kind), 100))
                shaft_hz = chance.uniform(12, 48)
                noise = background(chance, "all", shaft_hz, t)
                power = np.mean(background(np.random.default_rng((trial, 5)), "quiet", shaft_hz, t) ** 2)
                x = noise + np.sqrt(power * 10 ** (level_db / 10)) * fault(chance, kind, shaft_hz, t)
                result = diagnose(x, RATE, 60 * shaft_hz, 0.02, BEARING)
                tally["abstain" if not result.called else "right" if result.name == kind else "wrong"] += 1
        yield f"| {level_db:+d} | {tally['right']} / {tally['wrong']} / {tally['abstain']} | {bar} |\n"
