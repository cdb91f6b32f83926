"""Reasons not to name a fault. Each alone is enough; together they overlap on purpose."""

from dataclasses import dataclass

import numpy as np

from analytics.diagnosis.families import CAGE_SCORE, Fit, Floats, void
from analytics.signal.envelope import GAIN_TOP, LineSpectrum, Spectra
from analytics.signal.speed import CONFIRMED, contradiction

LINES_LEAST = 3.5  #: one line at its bound with two absent ones earns 2.5: a second line is wanted
SECOND_LEAST = 0.5  #: and is to be one: noise reaches this in one line of 500, else mains hum and luck make a fault
MAINS_HZ = (100.0, 120.0)  #: twice the mains: magnetic forces and rectifiers modulate at it and its multiples
DEPTH_LEAST = {"LOG": 0.12, "SQ": 0.20}
MARGIN_LEAST = 1.5  #: a third of a full line
MEASURED_TOLERANCE = 0.02  #: up to here the declared speed was measured and needs no confirmation by the record
SUPPORTED = 3.5  #: shaft evidence that confirms a speed where one family stands alone
_EDGE = 0.0005
_MAINS_BINS, _MAINS_SHARE = 1.0, 0.002
_COMB_SHARE = 0.6
_CLEAR_COMB = 9.0  # two lines at their bound
_BLANK_BINS, _BLANK_SHARE = 2.0, 0.003


@dataclass(frozen=True, slots=True)
class Declared:
    """What was said of the machine: speed, its tolerance as a share, and turns of the cage a turn of the shaft."""

    shaft_hz: float
    tolerance: float
    ftf: float


def quiet(fit: Fit, envelope: str) -> str | None:
    """Say whether a family is too faint to be anything."""
    least = CAGE_SCORE if fit.cage else LINES_LEAST
    name = fit.family.name
    if fit.lines < least:
        return f"no fault lines stand out ({name} scores {fit.lines:.1f}, {least} needed)"
    if fit.carriers < least or fit.second < SECOND_LEAST:
        return f"only one line of an {name} pattern stands out"
    if fit.depth < DEPTH_LEAST[envelope]:
        return f"{name} lines are there but faint (depth {fit.depth:.2f}, {DEPTH_LEAST[envelope]} needed)"
    return None


def confirmed(fit: Fit, second: Fit | None) -> bool:
    """Tell whether the record itself shows the speed a call was made at.

    Two clear lines of the shaft do. Where no other family of the bearing comes within a whole line at any speed that
    was allowed, half of that is enough: the lines of the fault then leave one speed to choose, and the shaft is there.
    """
    alone = second is None or fit.score - second.score >= GAIN_TOP
    return fit.shaft >= (SUPPORTED if alone and not fit.cage else CONFIRMED)


def first_veto(fit: Fit, second: Fit | None, envelope: str, spectra: Spectra, declared: Declared) -> str | None:
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
        What was said of the machine.

    Returns
    -------
    str or None
        The reason in a sentence; None where there is none.
    """
    spectrum = spectra.log if envelope == "LOG" else spectra.square
    faint = quiet(fit, envelope)
    if faint is not None:
        return faint
    if second is not None and fit.score - second.score < MARGIN_LEAST:
        return (
            f"{fit.family.name} and {second.family.name} explain the record almost equally "
            f"({fit.score:.1f} against {second.score:.1f})"
        )
    mains = _on_mains(fit, spectrum.step_hz)
    if mains is not None:
        return f"the {fit.family.name} line lies on {mains:.0f} Hz, a multiple of twice the mains"
    low, high = fit.family.slip
    if not fit.cage and not low + _EDGE <= fit.slip <= high - _EDGE:
        return f"the {fit.family.name} lines lie {100 * fit.slip:+.1f} % off, as far as slip can reach"
    if fit.family.fault in {"BPFO", "BPFI"} and _is_sideband(fit, spectrum):
        return f"the {fit.family.name} line is weaker than its neighbours: a sideband of another"
    if declared.tolerance > MEASURED_TOLERANCE and not confirmed(fit, second):
        return "the shaft speed is not known well enough and the record does not confirm it"
    order = _unexplained(fit, spectrum, declared.ftf)
    if order is not None:
        return f"an unknown source at order {order:.2f} is nearly as strong as the {fit.family.name} lines"
    other = contradiction(
        spectra.log, spectra.raw, fit.shaft_hz, declared.shaft_hz, None if fit.cage else fit.carrier_hz
    )
    if other is not None:
        given = 60 * declared.shaft_hz
        return f"the record shows {60 * other.shaft_hz:.0f} rpm, not the {given:.0f} rpm it was given"
    return None


def _on_mains(fit: Fit, step_hz: float) -> float | None:
    """Tell which multiple of twice the mains the carrier cannot be told from, if any; grids stray 0.2 %."""
    for mains_hz in MAINS_HZ:
        nearest = mains_hz * max(1, round(fit.carrier_hz / mains_hz))
        if abs(fit.carrier_hz - nearest) < _MAINS_BINS * step_hz + _MAINS_SHARE * nearest:
            return nearest
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


def unknown_source(fit: Fit, spectrum: LineSpectrum, envelope: str, ftf: float) -> float | None:
    """Find a clear comb in a record in which no family of the bearing was found; its order, or None.

    A bearing of other geometry than the one declared leaves such a comb, and "none" would then be wrong.
    """
    known = np.append(_shaft_lines(fit.shaft_hz), ftf * fit.shaft_hz * np.arange(1, 5))
    return _comb(known, spectrum, fit.shaft_hz, _CLEAR_COMB, DEPTH_LEAST[envelope])


def _unexplained(fit: Fit, spectrum: LineSpectrum, ftf: float) -> float | None:
    """Find a comb that the winner does not explain and that is nearly as strong; its order, or None."""
    known = _explained(fit, ftf)
    return _comb(known, spectrum, fit.shaft_hz, _COMB_SHARE * fit.carriers, _COMB_SHARE * fit.depth)


def _comb(known: Floats, spectrum: LineSpectrum, shaft: float, gain_least: float, depth_least: float) -> float | None:
    """Find the strongest comb of three lines away from the known ones, if strong and deep enough: its order."""
    step = spectrum.step_hz
    gain, depth = spectrum.gain.copy(), spectrum.depth.copy()
    for line in known:
        reach = _BLANK_BINS * step + _BLANK_SHARE * line
        first, last = int(np.ceil((line - reach) / step)), int((line + reach) / step)
        gain[max(first, 0) : last + 1] = -1.0
        depth[max(first, 0) : last + 1] = 0.0
    rest = LineSpectrum(step, gain, depth)
    scan = np.arange(1.2 * shaft, 9 * shaft, step / 2)
    harmonics = scan[:, None] * np.arange(1, 4)
    strength = rest.gains(harmonics).sum(axis=1)
    strength[np.sqrt(np.sum(rest.depths(harmonics) ** 2, axis=1)) <= depth_least] = -np.inf
    best = int(np.argmax(strength))
    return float(scan[best] / shaft) if strength[best] >= gain_least else None


def _shaft_lines(shaft: float) -> Floats:
    return np.asarray(shaft * np.arange(1.0, 25.0))


def _explained(fit: Fit, ftf: float) -> Floats:
    """Every frequency the winner and the shaft account for, Hz."""
    shaft, carrier = fit.shaft_hz, fit.carrier_hz
    h = np.arange(5)[:, None]
    known = [
        _shaft_lines(shaft),
        (h * carrier + np.arange(-4, 5) * shaft).ravel(),
        (h * carrier + np.arange(-2, 3) * ftf * shaft).ravel(),
    ]
    if fit.family.fault == "BSF":
        known.append((np.arange(1, 7)[:, None] * ftf * shaft + np.arange(-1, 3) * shaft).ravel())
    return np.unique(np.abs(np.concatenate(known)))
