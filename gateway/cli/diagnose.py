"""`wheeltapper diagnose`: which bearing fault a recording shows, or why nothing can be said."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from analytics.diagnosis.bearings import Orders, lookup, parse_orders
from analytics.diagnosis.joint import explain, prepare
from analytics.diagnosis.result import NONE, UNDECIDED, DiagnosisResult
from analytics.signal.envelope import BAND_HIGH_HZ, BAND_LOW_HZ, LONGEST_S, Spectra
from analytics.signal.kurtogram import Kurtogram, kurtogram
from analytics.signal.speed import uncertainty
from gateway.audio.files import Recording, SoundFileError, read_recording, recordings_in
from gateway.cli.output import emit, note, say

TURNS_LEAST = 10.0  #: below, neighbouring lines are one
RAILS_SHARE = 0.001  #: more of a record than this at its very extremes: the converter was heard, not the machine
_BAND_OVER_LINE = 6.0  #: an envelope shows modulation up to half the width of its band: room for three multiples
WHENCE = {"record": "found in the record", "file": "from the file", "given": "as given"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of every recording."""

    bearing: Orders
    rpm: float | None
    tolerance: float
    channel: str | None
    rate: int | None
    impulsive_band: bool


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosed:
    """One recording, and all that was found in it."""

    file: str
    channel: str
    samples: NDArray[np.float32]
    rate: int
    declared_rpm: float
    source: str  #: of the declared speed: given | file
    tolerance: float
    bearing: Orders
    heard: Spectra
    kurtogram: Kurtogram
    impulsive: tuple[tuple[float, float], float]  #: its best band and the kurtosis there
    result: DiagnosisResult


def command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    rpm: Annotated[float | None, typer.Option(help="Shaft speed, 1/min; by default the file's own.")] = None,
    speed_tolerance: Annotated[
        float, typer.Option(min=0.001, max=0.15, help="Of the speed, a share: 0.02 measured, 0.08 nominal.")
    ] = 0.02,
    bearing: Annotated[str | None, typer.Option(help="What is stamped on it: 6205.")] = None,
    orders: Annotated[str | None, typer.Option(help="Or BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=0.398.")] = None,
    channel: Annotated[str | None, typer.Option(metavar="NAME|INDEX", help="From 1; the first by default.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    impulsive_band: Annotated[
        bool, typer.Option("--kurtogram", help="Listen only in the most impulsive band; the limits were set for all.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file on stdout, nothing else.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="OUT.png", help="The picture of one recording.")] = None,
) -> None:
    """Diagnose a rolling bearing: its fault, none, or an abstention with its reason.

    Exit code 0 whatever is found; 1 where a recording could not be diagnosed, which is said on stderr while the others
    are; 2 where the command line is wrong.
    """
    try:
        asked = Asked(_bearing(bearing, orders), _speed(rpm), speed_tolerance, channel, rate, impulsive_band)
        found = _files(paths, plot)
    except ValueError as fault:
        note(f"diagnose: {fault}")
        raise typer.Exit(2) from fault
    failed = False
    for path in found:
        try:
            one = diagnose_file(path, asked)
        except SoundFileError as fault:
            note(str(fault))
            failed = True
            continue
        if plot is not None:
            from gateway.cli.diagnose_plot import draw  # matplotlib takes a second to import

            draw(one, plot)
        if as_json:
            emit(record(one))
        else:
            _tell(one)
    if failed:
        raise typer.Exit(1)


def _bearing(designation: str | None, orders: str | None) -> Orders:
    if (designation is None) == (orders is None):
        raise ValueError(
            "wanted the bearing, by --bearing 6205 or by --orders BPFO=..,BPFI=..,BSF=..,FTF=.., one of them"
        )
    return lookup(designation) if designation is not None else parse_orders(orders or "")


def _speed(rpm: float | None) -> float | None:
    if rpm is not None and not 1 <= rpm <= 1e6:  # NaN compares false
        raise ValueError(f"found --rpm {rpm:g}; wanted turns a minute, 1 to 1000000")
    return rpm


def _files(paths: list[Path], plot: Path | None) -> list[Path]:
    """Every file to read; one that is not there stays in the list and is told of in its turn."""
    found = [one for path in paths for one in (_inside(path) if path.is_dir() else [path])]
    if plot is not None and (len(found) != 1 or plot.suffix.lower() != ".png"):
        raise ValueError(f"found --plot {plot} and {len(found)} recordings; wanted one recording and a name in .png")
    return found


def _inside(folder: Path) -> list[Path]:
    return [one.path for one in recordings_in([folder])]


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
    if not bool(np.max(np.abs(used)) < 1e15):  # NaN compares false
        where = int(np.argmin(np.abs(used) < 1e15)) + len(samples) - len(used)
        raise SoundFileError(f"{path}: sample {where} of {name} is not a number one can measure; record it again")
    turns = rpm / 60 * len(used) / recording.rate
    if turns < TURNS_LEAST or rpm / 60 > recording.rate / 8:
        raise SoundFileError(
            f"{path}: {len(used)} samples at {recording.rate} a second are {turns:.1f} turns at {rpm:g} 1/min; "
            f"wanted {TURNS_LEAST:.0f} turns or more and at least 8 samples in each"
        )
    tree = kurtogram(used, recording.rate)
    impulsive = tree.best(_BAND_OVER_LINE * asked.bearing.bpfi * rpm / 60)
    band = impulsive[0] if asked.impulsive_band else (BAND_LOW_HZ, BAND_HIGH_HZ)
    try:
        heard = prepare(used, recording.rate, rpm, (asked.bearing,), (max(band[0], BAND_LOW_HZ), band[1]))
    except ValueError as fault:
        raise SoundFileError(f"{path}: {fault}") from fault
    result = _trusted(explain(heard, rpm / 60, asked.tolerance, asked.bearing), used)
    source = "given" if asked.rpm is not None else "file"
    return Diagnosed(
        str(path),
        name,
        used,
        recording.rate,
        rpm,
        source,
        asked.tolerance,
        asked.bearing,
        heard,
        tree,
        impulsive,
        result,
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


def record(one: Diagnosed) -> dict[str, Any]:
    """Say for programs what was found.

    `speed.uncertainty` is in 1/min: what the record leaves open where it shows the speed, else the tolerance.
    """
    result = one.result
    return {
        "file": one.file,
        "channel": one.channel,
        "diagnosis": result.name,
        "fault": result.fault,
        "abstained": result.abstained,
        "confidence": None,  # until calibrated
        "reason": result.reason,
        "speed": speed(one),
        "evidence": [
            {
                "fault": line.fault,
                "order": round(line.order, 4),
                "frequency_hz": round(line.frequency_hz, 3),
                "harmonics_snr_db": list(line.harmonics_snr_db),
                "comb_score": line.comb_score,
                "p_value": line.p_value,
            }
            for line in result.lines
        ],
        "bands_hz": [[round(edge, 1) for edge in one.heard.band_hz]],
        "kurtogram": {"band_hz": list(one.impulsive[0]), "kurtosis": round(one.impulsive[1], 2)},
    }


def speed(one: Diagnosed) -> dict[str, Any]:
    """Say the speed, who says so, and how far it may be off, in 1/min."""
    if not one.result.confirmed:
        return {
            "rpm": one.declared_rpm,
            "source": one.source,
            "uncertainty": round(one.declared_rpm * one.tolerance, 2),
        }
    spectrum = one.heard.square if one.result.envelope == "SQ" else one.heard.log
    off = 60 * uncertainty(spectrum, one.heard.raw, one.result.shaft_hz)
    return {"rpm": round(one.result.rpm, 2), "source": "record", "uncertainty": round(off, 2)}


def _tell(one: Diagnosed) -> None:
    result, at = one.result, speed(one)
    fault = f" ({result.fault})" if result.fault else ""
    say(f"{one.file}, channel {one.channel}: {result.name}{fault}")
    say(f"  because   {result.reason}")
    say(f"  speed     {at['rpm']:.1f} +- {at['uncertainty']:.1f} 1/min ({WHENCE[at['source']]})")
    for line in result.lines:
        harmonics = ", ".join(f"{db:.0f}" for db in line.harmonics_snr_db)
        chance = "" if line.p_value is None else f", chance {line.p_value:.2g}"
        place = f"{line.frequency_hz:.1f} Hz = {line.order:.3f} x shaft"
        say(f"  {line.fault:<10}{place}, {harmonics} dB over its surroundings, score {line.comb_score:.1f}{chance}")
    (low, high), kurtosis = one.impulsive
    say(
        f"  heard     {one.heard.seconds:.1f} s, {one.heard.band_hz[0]:.0f} to {one.heard.band_hz[1]:.0f} Hz; "
        f"most impulsive {low:.0f} to {high:.0f} Hz (kurtosis {kurtosis:.1f})"
    )
