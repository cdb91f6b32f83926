"""`wheeltapper diagnose`: which bearing fault a recording shows, or why nothing can be said."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analytics.diagnosis.bearings import Orders, lookup, parse_orders
from analytics.diagnosis.gears import TEETH
from gateway.audio.files import SoundFileError, recordings_in
from gateway.cli.diagnose_file import WHENCE, Asked, Diagnosed, diagnose_file, speed
from gateway.cli.output import emit, note, say


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
    gear: Annotated[
        int | None, typer.Option(metavar="TEETH", help="Of a gear on this shaft: look for a bad tooth.")
    ] = None,
    track: Annotated[
        str,
        typer.Option(metavar="ORDER,..", help="Follow the speed by these lines: 1, or 1,23; auto where it wanders."),
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file on stdout, nothing else.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="OUT.png", help="The picture of one recording.")] = None,
) -> None:
    """Diagnose a rolling bearing: its fault, none, or an abstention with its reason.

    Exit code 0 whatever is found; 1 where a recording could not be diagnosed, which is said on stderr while the others
    are; 2 where the command line is wrong.
    """
    try:
        asked = Asked(
            _bearing(bearing, orders),
            _speed(rpm),
            speed_tolerance,
            channel,
            rate,
            impulsive_band,
            _teeth(gear),
            _lines(track),
        )
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


def _teeth(gear: int | None) -> int | None:
    if gear is not None and not TEETH[0] <= gear <= TEETH[1]:
        raise ValueError(f"found --gear {gear}; wanted the number of teeth, {TEETH[0]} to {TEETH[1]}")
    return gear


def _lines(track: str) -> tuple[float, ...] | None:
    if track == "auto":
        return None
    try:
        found = tuple(float(part) for part in track.split(","))
    except ValueError:
        found = ()
    if not found or not all(0 < order <= 1000 for order in found) or sorted(found) != list(found):
        raise ValueError(f"found --track {track}; wanted auto, or multiples of the shaft, rising, as 1,23")
    return found


def _files(paths: list[Path], plot: Path | None) -> list[Path]:
    """Every file to read; one that is not there stays in the list and is told of in its turn."""
    found = [one for path in paths for one in (_inside(path) if path.is_dir() else [path])]
    if plot is not None and (len(found) != 1 or plot.suffix.lower() != ".png"):
        raise ValueError(f"found --plot {plot} and {len(found)} recordings; wanted one recording and a name in .png")
    return found


def _inside(folder: Path) -> list[Path]:
    return [one.path for one in recordings_in([folder])]


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
        ]
        + _gear(one),
        "speed_followed_by": list(one.followed),
        "bands_hz": [[round(edge, 1) for edge in one.heard.band_hz]],
        "kurtogram": {"band_hz": list(one.impulsive[0]), "kurtosis": round(one.impulsive[1], 2)},
    }


def _gear(one: Diagnosed) -> list[dict[str, Any]]:
    """Say what the mesh shows in the fields of a fault line; its score is FM4, 3 for a sound gear."""
    gear = one.gear
    if gear is None:
        return []
    return [
        {
            "fault": "mesh",
            "order": gear.teeth,
            "frequency_hz": round(gear.mesh_hz, 3),
            "harmonics_snr_db": list(gear.mesh_snr_db),
            "comb_score": round(gear.fm4, 2),
            "p_value": gear.p_value,
        }
    ]


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
    if one.gear is not None:
        say(f"  gear      {one.gear.reason}, sidebands {one.gear.sideband_db:.0f} dB, chance {one.gear.p_value:.2g}")
    elif one.asked.teeth is not None:
        say(f"  gear      no mesh of {one.asked.teeth} teeth to follow, or fewer than 40 turns")
    if one.followed:
        say(f"  followed  the speed wanders; lines at {', '.join(f'{o:g}' for o in one.followed)} x shaft followed")
    (low, high), kurtosis = one.impulsive
    say(
        f"  heard     {one.heard.seconds:.1f} s, {one.heard.band_hz[0]:.0f} to {one.heard.band_hz[1]:.0f} Hz; "
        f"most impulsive {low:.0f} to {high:.0f} Hz (kurtosis {kurtosis:.1f})"
    )
