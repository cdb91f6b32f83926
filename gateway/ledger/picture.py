"""The picture on a work order: the spectrum an indication rests on, with its lines.

Drawn in a process of its own that lives a few seconds: matplotlib holds about 60 MB for good once it is imported, and
the ledger runs for years. Run as a module it reads arrays from standard input and writes a PNG to standard output.
"""

import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TIMEOUT_S = 60.0  #: starting Python and matplotlib takes 1 s on a PC and about 10 on a loaded small board
BYTES_MAX = 2_000_000
HARMONICS_SHOWN = 6
SHOWN_DB = 90.0  #: below the highest; what a 16 bit converter hears


class PictureFault(Exception):
    """No picture could be drawn; the order stands without it. One sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What the picture shows.

    Parameters
    ----------
    title
        Above the picture.
    frequency_hz, envelope
        (n,) float32 each: the envelope spectrum, any linear unit; of the sound itself, dB re full scale.
    band_hz
        The band the envelope was taken from, or that is listened to.
    lines
        (name, Hz) of what is to be marked with its harmonics.
    of
        ``envelope`` or ``sound``.
    """

    title: str
    frequency_hz: NDArray[np.float32]
    envelope: NDArray[np.float32]
    band_hz: tuple[float, float]
    lines: Sequence[tuple[str, float]]
    of: str = "envelope"


def draw(sketch: Sketch, timeout_s: float = TIMEOUT_S) -> bytes:
    """Draw in a child process; gives a PNG.

    Raises
    ------
    PictureFault
        The child failed, took too long, or answered something that is no PNG.
    """
    packed = io.BytesIO()
    np.savez(
        packed,
        title=np.array(sketch.title),
        frequency=sketch.frequency_hz,
        envelope=sketch.envelope,
        band=np.array(sketch.band_hz),
        names=np.array([name for name, _ in sketch.lines], dtype=np.str_),
        at=np.array([hz for _, hz in sketch.lines], dtype=np.float64),
        of=np.array(sketch.of),
    )
    try:
        # Not multiprocessing: a ledger that is itself a daemonic child may have no children of that kind.
        done = subprocess.run(
            [sys.executable, "-m", "gateway.ledger.picture"],
            input=packed.getvalue(),
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise PictureFault(f"no picture within {timeout_s:.0f} s") from late
    except OSError as error:
        raise PictureFault(f"the drawing process could not be started ({error})") from error
    png = done.stdout
    if done.returncode or not png.startswith(b"\x89PNG") or len(png) > BYTES_MAX:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise PictureFault(f"drawing ended with code {done.returncode}: {last[:200] or f'{len(png)} bytes, no PNG'}")
    return png


def render(sketch: Sketch) -> bytes:
    """Draw here and now; imports matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if sketch.frequency_hz.shape != sketch.envelope.shape or sketch.frequency_hz.size < 2:
        raise PictureFault(f"no spectrum: {sketch.frequency_hz.shape} frequencies, {sketch.envelope.shape} values")
    figure = Figure(figsize=(9, 4.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _plot(axes, sketch)
    for number, (name, hz) in enumerate(sketch.lines):
        colour = ("#c0392b", "#7d5ba6", "#2e7d32", "#b8860b")[number % 4]
        for harmonic in range(1, HARMONICS_SHOWN + 1):
            label = f"{name} {hz:.1f} Hz" if harmonic == 1 else None
            axes.axvline(harmonic * hz, color=colour, linestyle="--", linewidth=0.8, label=label)
    if sketch.lines:
        axes.legend(loc="upper right", frameon=False)
    axes.set_title(sketch.title, fontsize=10, loc="left", parse_math=False)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _plot(axes: "Axes", sketch: Sketch) -> None:
    """Draw the curve, with what its axes are."""
    last = float(sketch.frequency_hz[-1])
    highest = max((hz for _, hz in sketch.lines), default=0.0) * (HARMONICS_SHOWN + 0.5)
    axes.set_xlim(0.0, min(last, highest) if highest > 0 else last)
    low, high = sketch.band_hz
    if sketch.of == "sound":
        axes.plot(sketch.frequency_hz, sketch.envelope, color="#1f3b57", linewidth=0.8)
        if not sketch.lines:
            axes.axvspan(low, high, color="#c0392b", alpha=0.12, label=f"{_hz(low)} to {_hz(high)} Hz")
            axes.legend(loc="upper right", frameon=False)
        top = float(np.max(sketch.envelope))
        axes.set_ylim(max(float(np.min(sketch.envelope)), top - SHOWN_DB), top + 5.0)
        axes.set_xlabel("frequency in Hz")
        axes.set_ylabel("level in dB re full scale")
        return
    shown = sketch.envelope / max(float(np.max(np.abs(sketch.envelope))), 1e-30)
    axes.plot(sketch.frequency_hz, shown, color="#1f3b57", linewidth=0.8)
    axes.set_ylim(0.0, 1.1)
    axes.set_xlabel(f"envelope frequency in Hz (sound between {low:.0f} and {high:.0f} Hz)")
    axes.set_ylabel("relative to the highest line")


def _hz(hz: float) -> str:
    return f"{hz:.0f}" if hz >= 10 else f"{hz:.1f}"


def _main() -> int:
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as packed:
        sketch = Sketch(
            str(packed["title"]),
            packed["frequency"],
            packed["envelope"],
            (float(packed["band"][0]), float(packed["band"][1])),
            list(zip(packed["names"].tolist(), packed["at"].tolist(), strict=True)),
            str(packed["of"]),
        )
    try:
        png = render(sketch)
    except PictureFault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    sys.stdout.buffer.write(png)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
