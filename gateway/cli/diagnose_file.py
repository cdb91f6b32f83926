"""One recording from file to diagnosis: reading, checking, following the speed, judging."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.diagnosis.bearings import Orders
from analytics.diagnosis.gears import GearEvidence, examine_gear
from analytics.diagnosis.joint import explain, prepare
from analytics.diagnosis.result import GEAR, NONE, UNDECIDED, DiagnosisResult
from analytics.signal.envelope import BAND_HIGH_HZ, BAND_LOW_HZ, LONGEST_S, Spectra
from analytics.signal.kurtogram import Kurtogram, kurtogram
from analytics.signal.orders import NoLineError, tracked, wander
from analytics.signal.speed import uncertainty
from gateway.audio.files import Recording, SoundFileError, read_recording

TURNS_LEAST = 10.0  #: below, neighbouring lines are one
RAILS_SHARE = 0.001  #: more of a record than this at its very extremes: the converter was heard, not the machine
#: Turns by which a shaft may stray from an even run. Public rigs stray up to 0.43, their sound machines up to 0.17; the
#: phase of a faint line is itself uncertain by as much, so between the two "none" is not said.
EVEN_UP_TO, WANDERS_FROM = 0.2, 0.45
WHENCE = {"record": "found in the record", "file": "from the file", "given": "as given"}  #: the speed
_BAND_OVER_LINE = 6.0  #: an envelope shows modulation up to half the width of its band: room for three multiples

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of every recording."""

    bearing: Orders
    rpm: float | None
    tolerance: float
    channel: str | None
    rate: int | None
    impulsive_band: bool
    teeth: int | None = None
    track: tuple[float, ...] | None = None  #: orders to follow; None: the shaft's own turn, where its speed wanders


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosed:
    """One recording, and all that was found in it."""

    file: str
    channel: str
    samples: Floats  #: as judged: of the last 10 s, at equal angles where the speed was followed
    rate: float
    declared_rpm: float
    source: str  #: of the declared speed: given | file
    asked: Asked
    followed: tuple[float, ...]  #: orders of the lines the speed was followed by; empty where it was taken as constant
    heard: Spectra
    kurtogram: Kurtogram
    impulsive: tuple[tuple[float, float], float]  #: its best band and the kurtosis there
    result: DiagnosisResult
    gear: GearEvidence | None

    @property
    def bearing(self) -> Orders:
        """Orders that were looked for."""
        return self.asked.bearing


def diagnose_file(path: Path, asked: Asked) -> Diagnosed:
    """Read a recording and diagnose it.

    Raises
    ------
    SoundFileError
        It cannot be read or judged; the message is one sentence.
    """
    recording = read_recording(path, asked.rate)
    name, samples = _channel(recording, asked.channel)
    rpm = asked.rpm if asked.rpm is not None else recording.rpm
    if rpm is None:
        raise SoundFileError(f"{path}: the file does not say the speed of the shaft; give it: --rpm 1480")
    used = samples[-round(LONGEST_S * recording.rate) :]
    _check(path, name, used, len(samples) - len(used), rpm / 60 / recording.rate)
    try:
        even = _Record(used, recording.rate, rpm / 60)
        heard, followed = _even_or_followed(even, asked)
    except ValueError as fault:
        raise SoundFileError(f"{path}: {fault}") from fault
    result, record = _trusted(heard.result, used), heard.record
    gear = examine_gear(record.x, record.rate, result.shaft_hz, asked.teeth) if asked.teeth else None
    return Diagnosed(
        str(path),
        name,
        record.x,
        record.rate,
        rpm,
        "given" if asked.rpm is not None else "file",
        asked,
        followed,
        heard.spectra,
        heard.kurtogram,
        heard.impulsive,
        _with_gear(result, gear),
        gear,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    """Samples of a machine that turns at one speed, or as if it did."""

    x: Floats
    rate: float
    shaft_hz: float


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What one look at a record found."""

    record: _Record
    kurtogram: Kurtogram
    impulsive: tuple[tuple[float, float], float]
    spectra: Spectra
    result: DiagnosisResult


def _look(record: _Record, asked: Asked) -> _Heard:
    tree = kurtogram(record.x, record.rate)
    impulsive = tree.best(_BAND_OVER_LINE * asked.bearing.bpfi * record.shaft_hz)
    low, high = impulsive[0] if asked.impulsive_band else (BAND_LOW_HZ, BAND_HIGH_HZ)
    band = (max(low, BAND_LOW_HZ), high)
    spectra = prepare(record.x, record.rate, 60 * record.shaft_hz, (asked.bearing,), band)
    return _Heard(record, tree, impulsive, spectra, explain(spectra, record.shaft_hz, asked.tolerance, asked.bearing))


def _even_or_followed(even: _Record, asked: Asked) -> tuple[_Heard, tuple[float, ...]]:
    """Take the speed as constant; follow it where it is asked for, or where it wanders and nothing else was found."""
    if asked.track is not None:
        return _look(_Record(*tracked(even.x, even.rate, even.shaft_hz, asked.track)), asked), asked.track
    heard = _look(even, asked)
    try:
        strays = wander(even.x, even.rate, even.shaft_hz)
    except NoLineError:  # nothing to follow: the speed is taken as constant, as it was declared
        return heard, ()
    if strays <= EVEN_UP_TO or heard.result.called:
        return heard, ()
    followed = _look(_Record(*tracked(even.x, even.rate, even.shaft_hz, (1.0,))), asked)
    if followed.result.called or strays > WANDERS_FROM:
        return followed, (1.0,)
    if heard.result.name == NONE:
        reason = f"the shaft strays {strays:.2f} turns from an even run: lines may have smeared"
        heard = replace(heard, result=replace(heard.result, name=UNDECIDED, reason=reason))
    return heard, ()


def _check(path: Path, name: str, used: NDArray[np.float32], before: int, turns_a_sample: float) -> None:
    if not bool(np.max(np.abs(used)) < 1e15):  # NaN compares false
        where = int(np.argmin(np.abs(used) < 1e15)) + before
        raise SoundFileError(f"{path}: sample {where} of {name} is not a number one can measure; record it again")
    turns = turns_a_sample * len(used)
    if not turns >= TURNS_LEAST or turns_a_sample > 1 / 8:
        raise SoundFileError(
            f"{path}: {len(used)} samples are {turns:.1f} turns of the shaft, {1 / turns_a_sample:.0f} samples each; "
            f"wanted {TURNS_LEAST:.0f} turns or more of at least 8 samples: a longer record, or another --rpm"
        )


def _channel(recording: Recording, wanted: str | None) -> tuple[str, NDArray[np.float32]]:
    """Pick a channel by name, or by number from 1; a name goes first, as a channel may be named 2."""
    names = recording.channel_names
    if wanted is None:
        index = 0
    elif wanted in names:
        index = names.index(wanted)
    elif wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        index = int(wanted) - 1
    else:
        there = ", ".join(f"{number} ({name})" for number, name in enumerate(names, 1))
        raise SoundFileError(f"{recording.path}: there is no channel {wanted}; it has {there}")
    return names[index], np.ascontiguousarray(recording.samples[:, index])


def _trusted(result: DiagnosisResult, samples: NDArray[np.float32]) -> DiagnosisResult:
    """Say none only of sound that can be trusted: a dead or overdriven channel shows no lines either."""
    if result.name != NONE:
        return result
    low, high = float(samples.min()), float(samples.max())
    rails = int(np.count_nonzero((samples == low) | (samples == high)))
    if low == high:
        reason = "the channel is silent: every sample is the same"
    elif rails > max(8, RAILS_SHARE * len(samples)):
        reason = f"{rails} samples lie at the very extremes: the channel is overdriven, and faults may hide"
    else:
        return result
    return replace(result, name=UNDECIDED, reason=reason)


def _with_gear(result: DiagnosisResult, gear: GearEvidence | None) -> DiagnosisResult:
    """Let a bad tooth be the diagnosis where no fault of the bearing is; beside one it is told in the reason."""
    if gear is None or not gear.called:
        return result
    if result.called:
        return replace(result, reason=f"{result.reason}; a tooth of the gear too: {gear.reason}")
    return replace(result, name=GEAR, reason=f"one event in each turn of the gear: {gear.reason}")


def speed(one: Diagnosed) -> dict[str, Any]:
    """Say the speed, who says so, and how far it may be off, in 1/min."""
    if not one.result.confirmed:
        return {
            "rpm": one.declared_rpm,
            "source": one.source,
            "uncertainty": round(one.declared_rpm * one.asked.tolerance, 2),
        }
    spectrum = one.heard.square if one.result.envelope == "SQ" else one.heard.log
    off = 60 * uncertainty(spectrum, one.heard.raw, one.result.shaft_hz)
    return {"rpm": round(one.result.rpm, 2), "source": "record", "uncertainty": round(off, 2)}
