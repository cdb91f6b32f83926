"""Other machines and structures, well and with the one fault each is watched for, so that the truth is known.

Each is a few lines of physics: what turns makes tones at multiples of its shaft, what flows makes noise, and a fault
makes one of them louder or modulates it. Levels are plausible, not measured.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analytics.synthesis.noise import add_at, burst, decaying

_BLADES = 7
_VANES = 5
_TEETH = 23
_BELT_ORDER = 0.37  # turns of the belt for one of the motor: a long belt on a small pulley
_MAINS_HZ = 50.0
_SWAY_HZ = 2.4  # first bending mode of a footbridge or a pipe rack
_JITTER = 0.002

Sound = NDArray[np.float64]


def machine_sound(
    kind: str, *, faulty: bool, seed: int, seconds: float, rate: int, rpm: float = 1480.0
) -> NDArray[np.float32]:
    """Sound of one machine or structure, shape (n,), about -30 dBFS.

    Parameters
    ----------
    kind
        One of `KINDS`.
    faulty
        With the kind's own fault, grown.
    seed, seconds, rate
        Which one, how long, samples per second.
    rpm
        Speed of its shaft, where it has one.

    Raises
    ------
    ValueError
        For a kind nobody simulates.
    """
    if kind not in KINDS:
        raise ValueError(f"synthesis: found machine {kind!r}; wanted one of {', '.join(KINDS)}")
    chance = np.random.default_rng((seed, sorted(KINDS).index(kind)))
    n = round(seconds * rate)
    turn = rpm / 60 * np.arange(n) / rate + chance.random()
    # The same machine, well and faulty: one seed draws the same noise, and only the fault is added.
    out = KINDS[kind](chance, turn, rate, faulty)
    return np.asarray(0.03 * out, np.float32)


def _tone(turn: Sound, order: float, amplitude: float, chance: Generator) -> Sound:
    return np.asarray(amplitude * np.cos(2 * np.pi * (order * turn + chance.random())))


def _hum(chance: Generator, n: int, rate: int, amplitudes: tuple[float, ...]) -> Sound:
    t = np.arange(n) / rate
    lines = [_tone(t, 2 * _MAINS_HZ * k, a, chance) for k, a in enumerate(amplitudes, 1)]
    return np.asarray(sum(lines, np.zeros(n)))


def _fan(chance: Generator, turn: Sound, rate: int, unbalanced: bool, bent: bool) -> Sound:
    """Air noise, the blades' passing and the rotor's own turn (ISO 14694, balance of fans)."""
    n = len(turn)
    out = burst(chance, n, rate, (60.0, 3000.0)) + 0.3 * burst(chance, n, rate, (3000.0, 10000.0))
    out += _tone(turn, 1, 0.8 if unbalanced else 0.2, chance) + _tone(turn, 2, 0.1, chance)
    for k in (1, 2, 3):
        out += _tone(turn, _BLADES * k, (0.9 if bent else 0.25) / k, chance)
    return out


def _imbalance(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    return _fan(chance, turn, rate, faulty, False)


def _blade_pass(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    return _fan(chance, turn, rate, False, faulty)


def _cavitation(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Bubbles that collapse: noise of high frequency, in gusts as the vanes pass (Brennen 1994, ch. 6)."""
    n = len(turn)
    out = burst(chance, n, rate, (50.0, 4000.0)) + 0.1 * burst(chance, n, rate, (4000.0, 20000.0))
    out += _tone(turn, 1, 0.2, chance) + _tone(turn, _VANES, 0.4, chance)
    crackle = burst(chance, n, rate, (5000.0, 20000.0))
    return out + (0.4 * crackle * (1 + _tone(turn, _VANES, 0.7, chance)) if faulty else 0.0)


def _gear(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Mesh tones, and a broken tooth that knocks once a turn (Randall 1982, J. Mech. Des. 104:259)."""
    n = len(turn)
    out = 0.6 * burst(chance, n, rate, (50.0, 8000.0))
    for k in (1, 2, 3):
        out += _tone(turn, _TEETH * k, 0.6 / k, chance)
    if faulty:
        blow = decaying(rate, ((2350.0, 0.0025, 1.0), (3600.0, 0.0015, 0.7)), 0.015)
        for at in _turns(chance, turn, rate, 1.0):
            add_at(out, at, 4.0 * chance.uniform(0.8, 1.2) * blow)
    return out


def _belt(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Squeal each time the glazed length of the belt passes the pulley."""
    n = len(turn)
    out = burst(chance, n, rate, (50.0, 5000.0)) + _tone(turn, 1, 0.3, chance)
    squeal = burst(chance, n, rate, (2800.0, 3600.0))
    passing = np.maximum(np.cos(2 * np.pi * (_BELT_ORDER * turn + chance.random())), 0) ** 2
    return out + (2.5 * squeal * passing if faulty else 0.0)


def _transformer(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Magnetostriction hums at twice the mains and its multiples; loose laminations hum louder (IEC 60076-10)."""
    n = len(turn)
    well, loose = (0.5, 0.3, 0.15, 0.08), (0.9, 0.9, 0.7, 0.5)
    return 0.3 * burst(chance, n, rate, (50.0, 5000.0)) + _hum(chance, n, rate, loose if faulty else well)


def _air_leak(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Hiss as a jet does, far above hearing, where a hall is quiet."""
    n = len(turn)
    out = burst(chance, n, rate, (50.0, 8000.0)) + 0.02 * burst(chance, n, rate, (8000.0, 45000.0))
    hiss = burst(chance, n, rate, (15000.0, 45000.0))
    return out + (0.06 * hiss if faulty else 0.0)


def _water_leak(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Turbulence at the hole is carried by the pipe wall, some hundred Hz to 3 kHz (Hunaidi and Chu 1999)."""
    n = len(turn)
    out = 0.5 * burst(chance, n, rate, (20.0, 200.0)) + 0.1 * burst(chance, n, rate, (200.0, 3500.0))
    rush = burst(chance, n, rate, (300.0, 2500.0))
    return out + (0.3 * rush if faulty else 0.0)


def _structure(chance: Generator, turn: Sound, rate: int, faulty: bool) -> Sound:
    """Traffic shakes a structure in its first mode; stiffness that is lost lowers it (f ~ sqrt(k))."""
    n = len(turn)
    hz = _SWAY_HZ * (0.85 if faulty else 1.0)
    sway = burst(chance, n, rate, (0.97 * hz, 1.03 * hz))
    return 0.8 * sway + 0.3 * burst(chance, n, rate, (0.5, 40.0))


def _turns(chance: Generator, turn: Sound, rate: int, order: float) -> list[int]:
    """Sample at which each of `order` events a turn falls, jittered."""
    per_sample = order * float(turn[1] - turn[0])
    count = int(len(turn) * per_sample) + 1
    at = (np.arange(count) + chance.random() + _JITTER * chance.standard_normal(count)) / per_sample
    return [round(float(one)) for one in at]


KINDS: dict[str, Callable[[Generator, Sound, int, bool], Sound]] = {
    "imbalance": _imbalance,
    "blade pass": _blade_pass,
    "cavitation": _cavitation,
    "gear": _gear,
    "belt slip": _belt,
    "electrical hum": _transformer,
    "air leak": _air_leak,
    "water leak": _water_leak,
    "structure": _structure,
}
