"""The picture of a diagnosis: what a vibration analyst wants to see before signing it.

Above, the spectrum the call rests on; below, the plain squared envelope spectrum of the most impulsive band, which an
analyst would take by hand; beside them the kurtogram that chose the band, and the numbers.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from analytics.diagnosis.bearings import Orders
from analytics.diagnosis.families import families
from analytics.diagnosis.result import FaultLine
from analytics.signal.envelope import squared_envelope_spectrum
from gateway.audio.files import SoundFileError
from gateway.cli.diagnose_file import WHENCE, Diagnosed, speed

COLOURS = {"BPFO": "#c0392b", "BPFI": "#7d3c98", "BSF": "#1e8449", "FTF": "#b9770e"}
_GREY, _INK, _BLUE, _ORANGE = "#8a8f98", "#1f2933", "#24507a", "#e67e22"
_HARMONICS = 3
_SHOWN = 3.4  # carriers: room for the sidebands of the third multiple
_FLOOR_TURNS = 0.5  # the noise floor is the median over so many shaft frequencies to both sides, as in the method


def draw(one: Diagnosed, out: Path) -> None:
    """Draw one diagnosis into a PNG.

    Raises
    ------
    SoundFileError
        The picture cannot be written.
    """
    figure = Figure(figsize=(13, 7.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, width_ratios=(2.5, 1), height_ratios=(1.25, 1))
    top_hz = _SHOWN * max((line.frequency_hz for line in _marked(one)), default=one.result.shaft_hz)
    top_hz = max(top_hz, 6.5 * one.result.shaft_hz)
    _envelope(figure.add_subplot(grid[0, 0]), one, top_hz)
    _plain(figure.add_subplot(grid[1, 0]), one, top_hz)
    _kurtogram(figure, figure.add_subplot(grid[0, 1]), one)
    _numbers(figure.add_subplot(grid[1, 1]), one)
    figure.suptitle(_title(one), x=0.01, ha="left", fontsize=12, color=_INK, parse_math=False)
    try:
        figure.savefig(out, format="png")
    except OSError as fault:
        raise SoundFileError(f"{out}: the picture cannot be written ({fault.strerror or fault})") from fault


def _title(one: Diagnosed) -> str:
    result = one.result
    fault = f" ({result.fault})" if result.fault else ""
    said = f"{result.name}{fault} indication" if result.called else result.name
    return f"{Path(one.file).name}, channel {one.channel}: {said}\n{result.reason}"


def _marked(one: Diagnosed) -> tuple[FaultLine, ...]:
    """Lines to mark: of the fault that was called; without a call, the best candidate of each family."""
    return one.result.lines[:1] if one.result.called else one.result.lines


def _envelope(axes: Axes, one: Diagnosed, top_hz: float) -> None:
    """Spectrum of the whitened envelope with fault lines, slip bands, sidebands, multiples of the shaft."""
    spectrum, kind = {
        "SQ": (one.heard.square, "Whitened squared envelope"),
        "plain": (one.heard.plain, "Logarithmic envelope, not whitened"),
    }.get(one.result.envelope, (one.heard.log, "Whitened logarithmic envelope"))
    n = min(len(spectrum.depth) - 1, int(top_hz / spectrum.step_hz) + 1)
    frequency = np.asarray(spectrum.step_hz * np.arange(1, n), np.float64)
    depth = spectrum.depth[1:n]
    _lines(axes, one, top_hz)
    axes.plot(frequency, depth, color=_BLUE, linewidth=0.8, zorder=3)
    axes.plot(
        frequency,
        _floor(depth, one, spectrum.step_hz),
        color=_ORANGE,
        linewidth=1.0,
        zorder=3,
        label="median of its surroundings",
    )
    _name_lines(axes, one, frequency, depth)
    axes.set_ylim(0, 1.3 * float(depth.max(initial=1e-6)))
    low, high = one.heard.band_hz
    axes.set_title(f"{kind}, band {low:.0f} to {high:.0f} Hz", loc="left", fontsize=10)
    _finish(axes, one, top_hz)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(handles, labels, loc="upper right", fontsize=8, framealpha=0.9, ncols=2)


def _plain(axes: Axes, one: Diagnosed, top_hz: float) -> None:
    """Squared envelope spectrum of the most impulsive band, nothing whitened."""
    (low, high), kurtosis = one.impulsive
    depth, step = squared_envelope_spectrum(one.samples, one.rate, (low, high))
    n = min(len(depth), int(top_hz / step) + 1)
    frequency, depth = step * np.arange(1, n), depth[1:n]
    _lines(axes, one, top_hz)
    axes.plot(frequency, depth, color=_BLUE, linewidth=0.8, zorder=3)
    axes.plot(
        frequency, _floor(depth, one, step), color=_ORANGE, linewidth=1.0, zorder=3, label="median of its surroundings"
    )
    axes.set_ylim(0, 1.15 * float(depth.max(initial=1e-6)))
    axes.set_title(
        f"Plain squared envelope, most impulsive band {low:.0f} to {high:.0f} Hz (kurtosis {kurtosis:.1f})",
        loc="left",
        fontsize=10,
    )
    _finish(axes, one, top_hz)


def _floor(depth: NDArray[np.float64], one: Diagnosed, step_hz: float) -> NDArray[np.float64]:
    half = max(12, round(_FLOOR_TURNS * one.result.shaft_hz / step_hz))
    return np.asarray(median_filter(depth.astype(np.float32), 2 * half + 1, mode="reflect"), np.float64)


def _finish(axes: Axes, one: Diagnosed, top_hz: float) -> None:
    shaft = one.result.shaft_hz
    axes.set_xlim(0, top_hz)
    axes.set_xlabel("modulation frequency in Hz")
    axes.set_ylabel("modulation depth")
    axes.spines[["top", "right"]].set_visible(False)
    to_orders = (lambda hz: np.asarray(hz, np.float64) / shaft, lambda order: np.asarray(order, np.float64) * shaft)
    orders = axes.secondary_xaxis("top", functions=to_orders)
    orders.xaxis.set_major_locator(MultipleLocator(2 if top_hz > 12 * shaft else 1))
    orders.tick_params(labelsize=7, colors=_GREY)
    orders.set_xlabel("multiples of the shaft", fontsize=7, color=_GREY, labelpad=2)


def _lines(axes: Axes, one: Diagnosed, top_hz: float) -> None:
    shaft = one.result.shaft_hz
    for k in range(1, int(top_hz / shaft) + 1):
        axes.axvline(
            k * shaft, color=_GREY, linewidth=0.6, alpha=0.45, label=f"shaft {shaft:.2f} Hz" if k == 1 else None
        )
    for line in _marked(one):
        colour = COLOURS[line.fault]
        best = "" if one.result.called else ", best candidate,"
        low, high = _slip_window(line.fault, one.bearing)
        for h in range(1, _HARMONICS + 1):
            axes.axvspan(
                h * low * shaft,
                h * high * shaft,
                color=colour,
                alpha=0.10,
                linewidth=0,
                label=f"{line.fault} within slip" if h == 1 else None,
            )
            axes.axvline(
                h * line.frequency_hz,
                color=colour,
                linewidth=1.0,
                linestyle="--",
                label=f"{line.fault}{best} {line.frequency_hz:.1f} Hz" if h == 1 else None,
            )
        if one.result.called:
            _sidebands(axes, line, one)


def _sidebands(axes: Axes, line: FaultLine, one: Diagnosed) -> None:
    """Mark what stands beside the carriers: turns of the shaft for a race, of the cage for an element."""
    shaft, cage = one.result.shaft_hz, one.bearing.ftf * one.result.shaft_hz
    if line.fault == "FTF":  # the comb of the cage lies about the multiples of the shaft
        for k in (1, 2, 3):
            for s in (-1, 1):
                label = "shaft ± cage" if (k, s) == (1, -1) else None
                at = k * shaft + s * line.frequency_hz
                axes.axvline(at, color=COLOURS["FTF"], linewidth=0.8, linestyle=":", label=label)
        return
    spacing = cage if line.fault == "BSF" else shaft
    for h in (1, 2):
        for s in (-2, -1, 1, 2):
            axes.axvline(
                h * line.frequency_hz + s * spacing,
                color=COLOURS[line.fault],
                linewidth=0.8,
                linestyle=":",
                label=f"sidebands {spacing:.2f} Hz" if (h, s) == (1, -2) else None,
            )


def _slip_window(fault: str, bearing: Orders) -> tuple[float, float]:
    """Orders between which a carrier of this fault may lie."""
    for family in families(bearing):
        if family.fault == fault:
            return family.order * (1 + family.slip[0]), family.order * (1 + family.slip[1])
    return bearing.ftf * 0.97, bearing.ftf * 1.03


def _name_lines(axes: Axes, one: Diagnosed, frequency: NDArray[np.float64], depth: NDArray[np.float64]) -> None:
    """Write each line's name beside its top."""
    for line in _marked(one):
        for h in range(1, _HARMONICS + 1):
            at = h * line.frequency_hz
            if at > frequency[-1]:
                continue
            near = np.abs(frequency - at) <= 2 * (frequency[1] - frequency[0])
            axes.annotate(
                f"{'' if h == 1 else h}{'' if h == 1 else '×'}{line.fault}",
                (at, float(depth[near].max(initial=0.0))),
                xytext=(3, 4),
                textcoords="offset points",
                fontsize=8,
                color=COLOURS[line.fault],
                zorder=4,
            )


def _kurtogram(figure: Figure, axes: Axes, one: Diagnosed) -> None:
    """Kurtosis of every band: one row a split, the narrow bands below."""
    tree = one.kurtogram
    most = max(float(row.max()) for row in tree.rows)
    for place, (split, row) in enumerate(zip(tree.splits, tree.rows, strict=True)):
        edges = np.linspace(0, tree.top_hz / 1000, split + 1)
        rows = [place - 0.5, place + 0.5]
        shades = axes.pcolormesh(edges, rows, row[None, :], cmap="viridis", vmin=0, vmax=max(most, 1e-3))
    (low, high), kurtosis = one.impulsive
    split = round(tree.top_hz / (high - low))
    place = tree.splits.index(split)
    axes.add_patch(Rectangle((low / 1000, place - 0.5), (high - low) / 1000, 1, fill=False, edgecolor="white", lw=1.8))
    heard = [edge / 1000 for edge in one.heard.band_hz]
    axes.plot(heard, [-0.5, -0.5], color=_ORANGE, linewidth=5, solid_capstyle="butt", clip_on=False, label="band heard")
    axes.legend(loc="lower right", fontsize=7, framealpha=0.9)
    axes.set_ylim(len(tree.splits) - 0.5, -0.5)
    axes.set_yticks(range(len(tree.splits)), [f"{tree.top_hz / s:.0f}" for s in tree.splits], fontsize=7)
    axes.set_ylabel("width of the band in Hz", fontsize=8)
    axes.set_xlabel("frequency in kHz", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_title(f"Kurtogram; framed: {low:.0f} to {high:.0f} Hz, {kurtosis:.1f}", loc="left", fontsize=9)
    figure.colorbar(shades, ax=axes, label="spectral kurtosis", pad=0.02).ax.tick_params(labelsize=7)


def _numbers(axes: Axes, one: Diagnosed) -> None:
    """Put what the lines measure into a table, and say what the record was."""
    axes.axis("off")
    at = speed(one)
    expected = {f.fault: f.order for f in families(one.bearing)} | {"FTF": one.bearing.ftf}
    rows = [["", "order", "expected", "dB", "score", "chance"]]
    for line in one.result.lines:
        decibels = " ".join(f"{db:.0f}" for db in line.harmonics_snr_db)
        chance = "-" if line.p_value is None else f"{line.p_value:.2g}"
        rows.append(
            [line.fault, f"{line.order:.3f}", f"{expected[line.fault]:.3f}", decibels, f"{line.comb_score:.1f}", chance]
        )
    table = axes.table(
        rows, loc="upper left", edges="horizontal", cellLoc="left", colWidths=(0.14, 0.16, 0.2, 0.2, 0.14, 0.16)
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    table.scale(1, 1.25)
    words = (
        f"shaft {at['rpm']:.1f} ± {at['uncertainty']:.1f} 1/min, {WHENCE[at['source']]}"
        f"{f', declared {one.declared_rpm:.0f}' if one.result.confirmed else ''}\n"
        f"{one.heard.seconds:.1f} s at {one.rate:.0f} Hz, {one.heard.seconds * one.result.shaft_hz:.0f} turns\n"
        f"dB: first three multiples over their surroundings\n"
        f"score: bounded sum over carriers and sidebands, 3.5 needed\n"
        f"chance: share of decoy lines in this record that do as well\n"
        f"BSF lines stand at twice the spin of an element\n"
        f"An indication by vibration or sound, not a safety statement."
    )
    axes.text(0, 0.02, words, transform=axes.transAxes, fontsize=8, color=_INK, va="bottom", parse_math=False)
