"""A casting struck by a hammer: damped modes, and what a crack does to them.

A crack takes stiffness away, so every mode it bends drops in frequency; it breaks the symmetry, so the two modes of a
pair drop by different amounts and beat; and its faces rub, so the ring dies sooner. How much each mode suffers depends
on whether the crack lies where that mode bends, so some hardly move at all. The numbers are plausible, not measured.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

CASTING_S = 0.3
CASTING_DEFECTS = ("crack",)
_STRUCK_S = 0.015  # the hammer falls this long after the part's start, give or take 2 ms
_SPREAD = 0.003  # standard deviation of stiffness over mass between parts of one mould
# A bracket of grey iron: (Hz, decay time s, amplitude); each mode is a pair, split by the mould's own asymmetry.
_MODES = (
    (1810.0, 0.090, 1.00),
    (2930.0, 0.075, 0.80),
    (4420.0, 0.060, 0.70),
    (6150.0, 0.045, 0.50),
    (8240.0, 0.032, 0.35),
    (10950.0, 0.024, 0.22),
)
_NATURAL_SPLIT = 0.0015


def casting(chance: Generator, n: int, rate: int, defect: str | None) -> NDArray[np.float64]:
    """Sound of one struck casting, shape (n,), level arbitrary. `defect` is None or ``"crack"``."""
    t = np.arange(n) / rate
    struck = t - (_STRUCK_S + chance.normal(0, 0.001))
    rings = struck >= 0
    struck = struck[rings]
    size = 1 + chance.normal(0, _SPREAD)
    # A harder blow is a shorter one and excites high modes more: a tilt of a few dB over the range.
    tilt = chance.normal(0, 0.15)
    depth = chance.uniform(0.5, 1.0) if defect == "crack" else 0.0
    out = np.zeros(n)
    ring = np.zeros(len(struck))
    for hz, tau, amplitude in _MODES:
        bent = depth * chance.uniform(0.2, 1.0)  # how much of this mode's bending runs through the crack
        hz *= size * (1 + chance.normal(0, 0.001)) * (1 - 0.05 * bent)
        tau *= np.exp(chance.normal(0, 0.06)) / (1 + 2.0 * bent)
        amplitude *= np.exp(chance.normal(0, 0.10)) * (hz / _MODES[0][0]) ** tilt
        split = _NATURAL_SPLIT * np.exp(chance.normal(0, 0.2)) + 0.015 * bent
        if hz * (1 + split) < 0.45 * rate:
            # sin a + r sin b, the pair, with one envelope
            share = chance.uniform(0.3, 0.6)
            pair = np.sin(2 * np.pi * hz * struck) + share * np.sin(2 * np.pi * hz * (1 + split) * struck)
            ring += amplitude * np.exp(-struck / tau) * pair
    out[rings] = ring
    # The blow itself: a click of a fifth of a millisecond, mostly air.
    click = np.exp(-struck / 0.0002) * chance.standard_normal(len(struck))
    out[rings] += 1.5 * click
    return out
