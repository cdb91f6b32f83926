"""A gearmotor at the end of its line: motor, one gear stage, rolling bearings, and four ways to be bad."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analytics.synthesis.noise import add_at, burst, decaying

GEARMOTOR_S = 0.5
GEARMOTOR_DEFECTS = ("tooth", "bearing", "eccentric", "loose")
_ROTOR_HZ = 47.6  # two poles on 50 Hz with 4.8 % slip
_PINION, _WHEEL = 11, 35  # teeth
# Orders of the rotor with amplitudes: unbalance, twice, thrice; gear mesh and its multiples.
_ORDERS = ((1, 0.30), (2, 0.18), (3, 0.06), (11, 0.55), (22, 0.34), (33, 0.18), (44, 0.10), (55, 0.06), (66, 0.03))
# Wind of the fan, brushes of the mesh, hiss of the grease: RMS and band (Hz), each differing 1 dB from part to part.
_NOISE = ((0.40, 100.0, 2500.0), (0.15, 2500.0, 8000.0), (0.06, 8000.0, 22000.0))
_TABLE = 4096


def gearmotor(chance: Generator, n: int, rate: int, defect: str | None) -> NDArray[np.float64]:
    """Half a second of one gearmotor, shape (n,), level arbitrary. `defect` is None or one of GEARMOTOR_DEFECTS."""
    rotor_hz = _ROTOR_HZ * (1 + chance.normal(0, 0.003))
    wheel_hz = rotor_hz * _PINION / _WHEEL
    turn = rotor_hz * np.arange(n) / rate + chance.random()
    wheel = turn * _PINION / _WHEEL + chance.random()
    # Every wheel runs a little out of true and breathes once a turn; an eccentric one heaves.
    runout = chance.uniform(0.55, 0.9) if defect == "eccentric" else abs(chance.normal(0.04, 0.015))
    once = np.cos(2 * np.pi * wheel)
    turn += (0.02 if defect == "eccentric" else 0.0005) * np.sin(2 * np.pi * wheel)
    out = _lines(chance, turn, rate) * (1 + runout * once)
    for rms, low_hz, high_hz in _NOISE:
        out += rms * np.exp(chance.normal(0, 0.11)) * burst(chance, n, rate, (low_hz, high_hz))
    _fault(out, chance, rate, defect, wheel_hz, rotor_hz)
    return out


def _lines(chance: Generator, turn: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Everything that repeats with the rotor, read from a table of one turn: far cheaper than a sine a line."""
    angle = 2 * np.pi * np.arange(_TABLE + 1) / _TABLE
    table = np.zeros(_TABLE + 1)
    for order, amplitude in _ORDERS:
        strength = amplitude * np.exp(chance.normal(0, 0.10))
        phase = chance.uniform(0, 2 * np.pi)
        if order * _ROTOR_HZ < 0.45 * rate:
            table += strength * np.cos(order * angle + phase)
    place = (turn % 1.0) * _TABLE
    left = np.minimum(place.astype(np.int64), _TABLE - 1)
    return np.asarray(table[left] + (place - left) * (table[left + 1] - table[left]))


def _fault(
    out: NDArray[np.float64], chance: Generator, rate: int, defect: str | None, wheel_hz: float, rotor_hz: float
) -> None:
    """Add the impacts of a fault in place."""
    n = len(out)
    strength = chance.uniform(0.7, 1.6)
    if defect == "tooth":  # the broken tooth meets its partner once a turn of the wheel
        blow = decaying(rate, ((2350.0, 0.0035, 1.0), (5200.0, 0.002, 0.7)), 0.02)
        for at_s in _train(chance, n / rate, wheel_hz, 0.002):
            add_at(out, round(at_s * rate), 1.4 * strength * chance.uniform(0.8, 1.2) * blow)
    elif defect == "bearing":  # outer race of a 6202: 3.05 a turn, each ball strikes a resonance
        blow = decaying(rate, ((6400.0, 0.0012, 1.0), (9100.0, 0.0008, 0.6)), 0.008)
        for at_s in _train(chance, n / rate, 3.05 * rotor_hz, 0.01):
            add_at(out, round(at_s * rate), 0.75 * strength * chance.uniform(0.7, 1.3) * blow)
    elif defect == "loose":  # a cover that rattles: irregular, several soft knocks a turn
        blow = decaying(rate, ((1450.0, 0.004, 1.0), (3300.0, 0.002, 0.8), (4700.0, 0.0015, 0.5)), 0.02)
        for at_s in _train(chance, n / rate, 1.5 * rotor_hz, 0.35):
            add_at(out, round(at_s * rate), 0.7 * strength * chance.exponential(1.0) * blow)


def _train(chance: Generator, seconds: float, hz: float, jitter: float) -> NDArray[np.float64]:
    """Moments of impacts in s: one each 1/hz, each off by `jitter` of the period (standard deviation)."""
    count = int(seconds * hz) + 1
    return (np.arange(count) + chance.random() + jitter * chance.standard_normal(count)) / hz
