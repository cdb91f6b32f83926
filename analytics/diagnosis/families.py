"""Families of lines a bearing fault leaves, and how well each explains a record.

A family is a carrier (the rate of impacts) with two multiples, and sidebands around them where the impacts grow and
fade with a rotation: of the shaft for the races, of the cage for a ball. BPFO + BPFI = n f, so both races with their
sidebands are the same set of lines; only the carrier tells them apart. Hence carriers dominate the score.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.diagnosis.bearings import Orders
from analytics.signal.envelope import LineSpectrum

Floats = NDArray[np.float64]

CAGE_TURNS = 40.0  #: a line at 0.4 orders needs a resolution of its own; with 15 turns a healthy machine was called
CAGE_DEPTH = {"LOG": 0.30, "SQ": 0.45}
CAGE_SCORE = 3.5
VOID_BINS = 1.5  #: leakage of a rectangular window: a line this near a multiple of the shaft proves nothing
_VOID_GAIN = -0.5
_CAGE_WEIGHT = 0.7  # of a line of its comb: it knows no geometry
_CANDIDATES = 8
_HARMONICS = np.arange(1.0, 4.0)
_SIDEBANDS = tuple((h, s) for h in (1, 2) for s in (-2, -1, 1, 2))
_SIDEBAND_FLOOR = -0.3
_SLIP_SCALE = 0.02


@dataclass(frozen=True, slots=True)
class Family:
    """What one kind of fault would leave.

    Parameters
    ----------
    name, fault
        ``"outer race"`` and ``"BPFO"``.
    order
        Of the carrier, in multiples of the shaft.
    slip
        Lowest and highest relative deviation from it: a cage that is not driven falls behind by up to 5 %; the contact
        angle changes it by up to 1.5 %. For the inner race everything is the mirror image, as BPFO + BPFI = n f.
    sideband_order
        What the impacts are modulated by.
    weight
        Of a first-order sideband. With a load that stands still the outer race has none.
    """

    name: str
    fault: str
    order: float
    slip: tuple[float, float]
    sideband_order: float
    weight: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The best explanation of a record by one family.

    Parameters
    ----------
    family
        Which.
    carrier_hz, shaft_hz
        Carrier and shaft speed, chosen together.
    slip
        Relative deviation of the carrier from its order.
    score
        Shaft evidence plus all lines minus the price of the slip: what families are compared by.
    lines, carriers
        Sum of gains of carriers and sidebands; of the carriers alone.
    second
        Gain of the second clearest carrier.
    depth
        Root of the sum of squared depths of the carriers.
    shaft
        Shaft evidence at `shaft_hz`.
    cage
        True where the comb of the cage is what was found.
    """

    family: Family
    carrier_hz: float
    shaft_hz: float
    slip: float
    score: float
    lines: float
    carriers: float
    second: float
    depth: float
    shaft: float
    cage: bool = False


def families(bearing: Orders) -> tuple[Family, Family, Family]:
    """Outer race, inner race and rolling element of a bearing."""
    a = bearing.ftf
    mirrored = a / (1 - a)
    return (
        Family("outer race", "BPFO", bearing.bpfo, (-0.05, 0.015), 1.0, 0.175),
        Family("inner race", "BPFI", bearing.bpfi, (-0.005 - 0.015 * mirrored, 0.05 * mirrored), 1.0, 0.35),
        Family("rolling element", "BSF", 2 * bearing.bsf, (-0.015, 0.015), a, 0.35),
    )


def void(frequency_hz: Floats, shaft_hz: Floats, step_hz: float) -> NDArray[np.bool_]:
    """Tell which lines lie so near a multiple of the shaft that they prove nothing."""
    return np.abs(frequency_hz - np.rint(frequency_hz / shaft_hz) * shaft_hz) < VOID_BINS * step_hz


def fit_family(family: Family, spectrum: LineSpectrum, grid: Floats, evidence: Floats) -> Fit | None:
    """Choose carrier, speed and slip together.

    Parameters
    ----------
    grid, evidence : ndarray, shape (n,)
        Shaft speeds allowed, rising, and the evidence for each.

    Returns
    -------
    Fit or None
        None where no speed of the grid fits any candidate.
    """
    best: Fit | None = None
    for carrier in _candidates(family, spectrum, grid):
        slip = carrier / (family.order * grid) - 1
        inside = (slip >= family.slip[0]) & (slip <= family.slip[1])
        if not inside.any():
            continue
        fit = _best_speed(family, spectrum, float(carrier), (grid[inside], evidence[inside], slip[inside]))
        if best is None or fit.score > best.score:
            best = fit
    return best


def _candidates(family: Family, spectrum: LineSpectrum, grid: Floats) -> list[float]:
    """Up to eight carriers with the strongest three multiples, at least four steps apart."""
    step = spectrum.step_hz / 4.5
    low = family.order * grid[0] * (1 + family.slip[0])
    high = family.order * grid[-1] * (1 + family.slip[1])
    carrier = np.arange(low, high + step, step)
    strength = spectrum.gains(carrier[:, None] * _HARMONICS).sum(axis=1)
    chosen: list[float] = []
    for _ in range(_CANDIDATES):
        i = int(np.argmax(strength))
        if strength[i] == -np.inf:
            break
        chosen.append(float(carrier[i]))
        strength[max(0, i - 3) : i + 4] = -np.inf
    return chosen


def _best_speed(family: Family, spectrum: LineSpectrum, carrier: float, at: tuple[Floats, Floats, Floats]) -> Fit:
    shaft, evidence, slip = at
    step = spectrum.step_hz
    harmonics = carrier * _HARMONICS
    empty = void(harmonics[None, :], shaft[:, None], step)
    gains = spectrum.gains(harmonics)
    carriers = np.where(empty, _VOID_GAIN, gains).sum(axis=1)
    sidebands = np.zeros(len(shaft))
    for h, s in _SIDEBANDS:
        line = np.abs(h * carrier + s * family.sideband_order * shaft)
        gain = np.maximum(spectrum.gains(line), _SIDEBAND_FLOOR) * (family.weight / abs(s))
        sidebands += np.where(void(line, shaft, step), 0.0, gain)
    score = evidence + carriers + sidebands - 0.5 * (slip / _SLIP_SCALE) ** 2
    i = int(np.argmax(score))
    depth = float(np.sqrt(np.sum(np.where(empty[i], 0.0, spectrum.depths(harmonics)) ** 2)))
    return Fit(
        family,
        carrier,
        float(shaft[i]),
        slip=float(slip[i]),
        score=float(score[i]),
        lines=float(carriers[i] + sidebands[i]),
        carriers=float(carriers[i]),
        second=float(np.sort(np.where(empty[i], _VOID_GAIN, gains))[-2]),
        depth=depth,
        shaft=float(evidence[i]),
    )


def fit_cage(ftf: float, spectrum: LineSpectrum, grid: Floats, evidence: Floats) -> Fit:
    """Explain the record by the comb of the cage: the second way a ball fault shows.

    A damaged ball strikes only while the spin axis lets it, once a turn of the cage. The comb says "rolling element or
    cage" and no more: about 0.4 orders is the cage of nearly every bearing.
    """
    drift: Floats = 0.03 * np.linspace(-1, 1, 25)
    cage: Floats = ftf * grid[:, None] * (1 + drift)
    shaft = np.broadcast_to(grid[:, None], cage.shape)
    lines: Floats = np.stack([cage, 2 * cage, 3 * cage, 4 * cage, shaft - cage])
    empty = void(lines, shaft, spectrum.step_hz)
    found = _CAGE_WEIGHT * np.where(empty, _VOID_GAIN, spectrum.gains(lines)).sum(axis=0)
    score = evidence[:, None] + found
    i, j = np.unravel_index(int(np.argmax(score)), score.shape)
    clear = np.where(empty[:, i, j], _VOID_GAIN, spectrum.gains(lines[:, i, j]))
    depth = np.where(empty[:, i, j], 0.0, spectrum.depths(lines[:, i, j]))
    return Fit(
        Family("rolling element", "BSF", ftf, (drift[0], drift[-1]), ftf, _CAGE_WEIGHT),
        float(cage[i, j]),
        float(grid[i]),
        slip=float(drift[j]),
        score=float(score[i, j]),
        lines=float(found[i, j]),
        carriers=float(found[i, j]),
        second=float(np.sort(clear)[-2]),
        depth=float(np.sqrt(np.sum(depth**2))),
        shaft=float(evidence[i]),
        cage=True,
    )
