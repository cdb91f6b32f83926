"""Reasons not to name a fault. Each alone is enough; together they overlap on purpose."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from analytics.diagnosis.families import CAGE_SCORE, Fit, Floats, void
from analytics.signal.envelope import LineSpectrum, Spectra
from analytics.signal.speed import CONFIRMED, contradiction

LINES_LEAST = 3.5  #: one line at its bound with two absent ones earns 2.5: a second line is forced
DEPTH_LEAST = {"LOG": 0.12, "SQ": 0.20}
MARGIN_LEAST = 1.5  #: a third of a full line
MEASURED_TOLERANCE = 0.02  #: up to here the declared speed was measured and needs no confirmation by the record
_EDGE = 0.0005
_COMB_SHARE = 0.6
_BLANK_BINS, _BLANK_SHARE = 2.0, 0.003


class Why(Enum):
    """Kind of an abstention; the first three say that there is simply little to hear."""

    WEAK = auto()
    ONE_LINE = auto()
    SHALLOW = auto()
    RIVAL = auto()
    EDGE = auto()
    SIDEBAND = auto()
    SPEED = auto()
    COMB = auto()


QUIET = frozenset({Why.WEAK, Why.ONE_LINE, Why.SHALLOW})


@dataclass(frozen=True, slots=True)
class Veto:
    """Why a fault is not named."""

    why: Why
    sentence: str


def quiet(fit: Fit, envelope: str) -> Veto | None:
    """Say whether a family is too faint to be anything."""
    least = CAGE_SCORE if fit.cage else LINES_LEAST
    name = fit.family.name
    if fit.lines < least:
        return Veto(Why.WEAK, f"no fault lines stand out ({name} scores {fit.lines:.1f}, {least} needed)")
    if fit.carriers < least:
        return Veto(Why.ONE_LINE, f"only one line of an {name} pattern stands out")
    if fit.depth < DEPTH_LEAST[envelope]:
        return Veto(
            Why.SHALLOW,
            f"{name} lines are there but faint (depth {fit.depth:.2f}, {DEPTH_LEAST[envelope]} needed)",
        )
    return None


def first_veto(
    fit: Fit, second: Fit | None, envelope: str, spectra: Spectra, declared: tuple[float, float, float]
) -> Veto | None:
    """Look for a reason against the best family.

    Parameters
    ----------
    fit, second
        Best family and the next.
    envelope
        LOG or SQ.
    spectra
        All lines of the record.
    declared
        Shaft speed (Hz), its tolerance (a share), cage order.
    """
    spectrum = spectra.log if envelope == "LOG" else spectra.square
    shaft_hz, tolerance, ftf = declared
    faint = quiet(fit, envelope)
    if faint is not None:
        return faint
    if second is not None and fit.score - second.score < MARGIN_LEAST:
        return Veto(
            Why.RIVAL,
            f"{fit.family.name} and {second.family.name} explain the record almost equally "
            f"({fit.score:.1f} against {second.score:.1f})",
        )
    low, high = fit.family.slip
    if not fit.cage and not low + _EDGE <= fit.slip <= high - _EDGE:
        return Veto(Why.EDGE, f"the {fit.family.name} lines lie {100 * fit.slip:+.1f} % off, as far as slip can reach")
    if fit.family.fault in {"BPFO", "BPFI"} and _is_sideband(fit, spectrum):
        return Veto(Why.SIDEBAND, f"the {fit.family.name} line is weaker than its neighbours: a sideband of another")
    if tolerance > MEASURED_TOLERANCE and fit.shaft < CONFIRMED:
        return Veto(Why.SPEED, "the shaft speed is not known well enough and the record does not confirm it")
    order = _unexplained(fit, spectrum, ftf)
    if order is not None:
        return Veto(
            Why.COMB, f"an unknown source at order {order:.2f} is nearly as strong as the {fit.family.name} lines"
        )
    other = contradiction(spectra.log, spectra.raw, fit.shaft_hz, shaft_hz)
    if other is not None:
        return Veto(
            Why.SPEED, f"the record shows {60 * other.shaft_hz:.0f} rpm, not the {60 * shaft_hz:.0f} rpm it was given"
        )
    return None


def _is_sideband(fit: Fit, spectrum: LineSpectrum) -> bool:
    """Compare the carrier with the lines one and two shaft turns beside it; it must be the strongest of its group."""
    shaft = fit.shaft_hz
    carrier = fit.carrier_hz
    if void(np.array([carrier]), np.array([shaft]), spectrum.step_hz)[0]:
        carrier *= 2
    beside = carrier + shaft * np.array([-2.0, -1.0, 1.0, 2.0])
    beside = beside[beside >= 0.3 * shaft]
    return bool(spectrum.depths(np.array([carrier]))[0] < spectrum.depths(beside).max(initial=0.0))


def _unexplained(fit: Fit, spectrum: LineSpectrum, ftf: float) -> float | None:
    """Find a comb that the winner does not explain and that is nearly as strong; its order, or None."""
    shaft, step = fit.shaft_hz, spectrum.step_hz
    gain, depth = spectrum.gain.copy(), spectrum.depth.copy()
    for line in _explained(fit, ftf):
        reach = _BLANK_BINS * step + _BLANK_SHARE * line
        first, last = int(np.ceil((line - reach) / step)), int((line + reach) / step)
        gain[max(first, 0) : last + 1] = -1.0
        depth[max(first, 0) : last + 1] = 0.0
    rest = LineSpectrum(step, gain, depth)
    scan = np.arange(1.2 * shaft, 9 * shaft, step / 2)
    harmonics = scan[:, None] * np.arange(1, 4)
    strength = rest.gains(harmonics).sum(axis=1)
    deep = np.sqrt(np.sum(rest.depths(harmonics) ** 2, axis=1))
    strength[deep <= _COMB_SHARE * fit.depth] = -np.inf
    best = int(np.argmax(strength))
    return float(scan[best] / shaft) if strength[best] >= _COMB_SHARE * fit.carriers else None


def _explained(fit: Fit, ftf: float) -> Floats:
    """Every frequency the winner and the shaft account for, Hz."""
    shaft, carrier = fit.shaft_hz, fit.carrier_hz
    h = np.arange(5)[:, None]
    known = [
        np.arange(1, 25) * shaft,
        (h * carrier + np.arange(-4, 5) * shaft).ravel(),
        (h * carrier + np.arange(-2, 3) * ftf * shaft).ravel(),
    ]
    if fit.family.fault == "BSF":
        known.append((np.arange(1, 7)[:, None] * ftf * shaft + np.arange(-1, 3) * shaft).ravel())
    return np.unique(np.abs(np.concatenate(known)))
