"""Bearing diagnosis by joint explanation, which would rather abstain than guess.

Speed, slip and fault family are chosen together, so the lines of the shaft compete with those of the bearing; no line
earns more than a bound, so strength cannot buy a call, only the number of expected lines can; and everything strong has
to be explained. The method, its constants and what each is worth on public records: docs/machines.md.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.diagnosis.bearings import Orders
from analytics.diagnosis.decoys import p_value
from analytics.diagnosis.families import (
    CAGE_DEPTH,
    CAGE_SCORE,
    CAGE_TURNS,
    Fit,
    Floats,
    families,
    fit_cage,
    fit_family,
)
from analytics.diagnosis.result import NONE, UNDECIDED, DiagnosisResult, FaultLine
from analytics.diagnosis.vetoes import Declared, confirmed, first_veto, quiet, unknown_source
from analytics.signal.envelope import BAND_HIGH_HZ, BAND_LOW_HZ, LineSpectrum, Spectra, at_once, spectra_by_steps
from analytics.signal.speed import CONFIRMED, shaft_evidence, speed_grid

TURNS_FOR_NONE = 120.0  #: below, a fault may hide; see the figures by length in docs/machines.md
_ENVELOPES = ("LOG", "SQ")


@dataclass(frozen=True, slots=True)
class _Hearing:
    """What one envelope says."""

    fits: tuple[Fit, ...]  # best first
    veto: str | None
    silent: bool  # no family rises above its weak limits

    @property
    def call(self) -> Fit | None:
        return self.fits[0] if self.fits and self.veto is None else None


def diagnose(x: NDArray[np.floating], rate: float, rpm: float, tolerance: float, bearing: Orders) -> DiagnosisResult:
    """Name the fault of a bearing, none, or undecided with the reason.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Sound or vibration at constant speed, any unit, finite; 120 turns or more are wanted, 10 s at most are used.
    rate
        Samples per second.
    rpm
        Declared speed of the shaft.
    tolerance
        Of that speed, as a share: 0.02 where it is measured, 0.08 where it is nominal.
    bearing
        Fault orders.

    Raises
    ------
    ValueError
        Where the sound cannot be analysed at all: too short, not finite, no speed.
    """
    shaft_hz = rpm / 60
    return judge(prepare(x, rate, rpm, (bearing,)), shaft_hz, tolerance, bearing)


def prepare(
    x: NDArray[np.floating],
    rate: float,
    rpm: float,
    bearings: tuple[Orders, ...],
    band_hz: tuple[float, float] = (BAND_LOW_HZ, BAND_HIGH_HZ),
) -> Spectra:
    """Compute once what the diagnosis of several bearings on one shaft looks at; see `diagnose` and `spectra`."""
    return at_once(prepare_by_steps(x, rate, rpm, bearings, band_hz))


def prepare_by_steps(
    x: NDArray[np.floating],
    rate: float,
    rpm: float,
    bearings: tuple[Orders, ...],
    band_hz: tuple[float, float] = (BAND_LOW_HZ, BAND_HIGH_HZ),
) -> Generator[None, None, Spectra]:
    """Do as `prepare`, with pauses; see `spectra_by_steps`."""
    highest = max([9.0, *(max(b.bpfi, 2 * b.bsf) for b in bearings)])
    return spectra_by_steps(x, rate, rpm / 60, 3.4 * highest * rpm / 60, band_hz)


def judge(heard: Spectra, shaft_hz: float, tolerance: float, bearing: Orders) -> DiagnosisResult:
    """Diagnose one bearing from prepared spectra; see `diagnose`."""
    return _decide(heard, shaft_hz, tolerance, bearing)[0]


def explain(heard: Spectra, shaft_hz: float, tolerance: float, bearing: Orders) -> DiagnosisResult:
    """Diagnose as `judge` does, with a p-value at each line: how often decoys in the same record earn as much."""
    result, fits, spectrum = _decide(heard, shaft_hz, tolerance, bearing)
    lines = tuple(
        replace(line, p_value=p_value(fit, spectrum, tolerance)) for line, fit in zip(result.lines, fits, strict=True)
    )
    return replace(result, lines=lines)


def _decide(
    heard: Spectra, shaft_hz: float, tolerance: float, bearing: Orders
) -> tuple[DiagnosisResult, tuple[Fit, ...], LineSpectrum]:
    """Diagnose, and say which fits in which envelope the lines of the result are."""
    grid = speed_grid(shaft_hz, tolerance, heard.log.step_hz)
    hearings = {e: _hear(e, heard, grid, Declared(shaft_hz, tolerance, bearing.ftf), bearing) for e in _ENVELOPES}
    calls = {e: fit for e, h in hearings.items() if (fit := h.call) is not None}
    log = hearings["LOG"]
    if len({fit.family.name for fit in calls.values()}) > 1:
        reason = "the two envelopes disagree: " + " and ".join(f.family.name for f in calls.values())
        return _abstain(log, heard.log, reason, shaft_hz), log.fits, heard.log
    for envelope in calls:
        spectrum = _of(heard, envelope)
        called = _call(hearings[envelope], spectrum, "both" if len(calls) == 2 else envelope)
        return called, hearings[envelope].fits, spectrum
    if all(h.silent for h in hearings.values()):
        exact = _hear("LOG", replace(heard, log=heard.plain), grid, Declared(shaft_hz, tolerance, bearing.ftf), bearing)
        if not exact.silent:
            abstained = replace(_abstain(exact, heard.plain, _exact(exact), shaft_hz), envelope="plain")
            return abstained, exact.fits, heard.plain
        return _nothing(hearings, heard, shaft_hz, bearing.ftf)
    # The envelope with more to say gives the reason.
    telling = log if not log.silent or hearings["SQ"].silent else hearings["SQ"]
    assert telling.veto is not None
    spectrum = heard.log if telling is log else heard.square
    return _abstain(telling, spectrum, telling.veto, shaft_hz), telling.fits, spectrum


def _exact(hearing: _Hearing) -> str:
    """Say why lines that whitening takes away are no call, and no reason to say none either."""
    fit = next(f for f in hearing.fits if quiet(f, "LOG") is None)
    return (
        f"lines of {fit.family.name} order at {fit.carrier_hz:.1f} Hz stand out only before whitening: "
        "the machine's own tones, or a faint fault"
    )


def _nothing(
    hearings: dict[str, _Hearing], heard: Spectra, shaft_hz: float, ftf: float
) -> tuple[DiagnosisResult, tuple[Fit, ...], LineSpectrum]:
    """Say none, where it may be said: long enough, and nothing unknown in the record."""
    log, turns = hearings["LOG"], heard.seconds * shaft_hz
    if turns < TURNS_FOR_NONE:
        reason = f"{turns:.0f} turns heard, {TURNS_FOR_NONE:.0f} wanted before silence means none"
        return _abstain(log, heard.log, reason, shaft_hz), log.fits, heard.log
    for envelope, hearing in hearings.items():
        spectrum = _of(heard, envelope)
        order = unknown_source(hearing.fits[0], spectrum, envelope, ftf) if hearing.fits else None
        if order is not None:
            reason = f"an unknown source at order {order:.2f}: another bearing than declared, or another machine"
            return _abstain(hearing, spectrum, reason, shaft_hz), hearing.fits, spectrum
    reason = f"no family of fault lines in {turns:.0f} turns"
    return _abstain(log, heard.log, reason, shaft_hz, NONE), log.fits, heard.log


def _of(heard: Spectra, envelope: str) -> LineSpectrum:
    return heard.log if envelope == "LOG" else heard.square


def _hear(envelope: str, heard: Spectra, grid: Floats, declared: Declared, bearing: Orders) -> _Hearing:
    spectrum = _of(heard, envelope)
    evidence = shaft_evidence(spectrum, heard.raw, grid)
    outer, inner, ball = (fit_family(f, spectrum, grid, evidence) for f in families(bearing))
    if bearing.ftf * declared.shaft_hz * heard.seconds >= CAGE_TURNS:
        cage = fit_cage(bearing.ftf, spectrum, grid, evidence)
        clear = cage.lines >= CAGE_SCORE and cage.depth >= CAGE_DEPTH[envelope]
        if clear and (ball is None or cage.score > ball.score):
            ball = cage
    fits = tuple(sorted((f for f in (outer, inner, ball) if f is not None), key=lambda f: -f.score))
    if not fits:
        return _Hearing((), None, silent=True)
    second = fits[1] if len(fits) > 1 else None
    veto = first_veto(fits[0], second, envelope, heard, declared)
    return _Hearing(fits, veto, silent=all(quiet(f, envelope) is not None for f in fits))


def _call(hearing: _Hearing, spectrum: LineSpectrum, envelope: str) -> DiagnosisResult:
    fit = hearing.fits[0]
    line = _line(fit, spectrum)
    clear = sum(db > 10 for db in line.harmonics_snr_db)
    what = "comb of the cage (rolling element or cage): " if fit.cage else ""
    reason = (
        f"{what}{line.frequency_hz:.1f} Hz = {line.order:.2f} x {fit.shaft_hz:.2f} Hz, "
        f"{clear} of 3 lines over 10 dB, depth {fit.depth:.2f}"
    )
    return DiagnosisResult(
        fit.family.name,
        "FTF" if fit.cage else fit.family.fault,
        reason,
        fit.shaft_hz,
        fit.slip,
        fit.depth,
        envelope,
        tuple(_line(f, spectrum) for f in hearing.fits),
        {f.family.name: f.score for f in hearing.fits},
        confirmed(fit, hearing.fits[1] if len(hearing.fits) > 1 else None),
    )


def _abstain(
    hearing: _Hearing, spectrum: LineSpectrum, reason: str, declared_hz: float, name: str = UNDECIDED
) -> DiagnosisResult:
    best = max(hearing.fits, key=lambda f: f.shaft, default=None)
    shown = best is not None and best.shaft >= CONFIRMED
    return DiagnosisResult(
        name,
        None,
        reason,
        best.shaft_hz if best is not None and shown else declared_hz,
        lines=tuple(_line(f, spectrum) for f in hearing.fits),
        scores={f.family.name: f.score for f in hearing.fits},
        confirmed=shown,
    )


def _line(fit: Fit, spectrum: LineSpectrum) -> FaultLine:
    decibels = spectrum.decibels(fit.carrier_hz * np.arange(1.0, 4.0))
    return FaultLine(
        "FTF" if fit.cage else fit.family.fault,
        fit.carrier_hz / fit.shaft_hz,
        fit.carrier_hz,
        tuple(round(float(db), 1) for db in decibels),
        round(fit.lines, 2),
    )
