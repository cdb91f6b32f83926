"""Named indicators: one number for one failure mode, of a machine nobody diagnoses by its bearings.

One mechanism in three forms. A band alone is a level. A line alone is the strength of a tone and its multiples in the
sound. A line with a band is how deep the noise in that band is modulated at the line. Lines stand at a frequency, or at
a multiple of the shaft's. Which of them speak for which failure mode is ISO 13373-3:2015 (annexes A to F) for rotating
machines; for leaks, ISO 18081 (acoustic emission) and the makers of ultrasonic detectors: 20 to 40 kHz.

The numbers are in dB, so that what counts is how far each stands over the machine's own normal. They are measured by
`analytics.diagnosis.measure`.
"""

from dataclasses import dataclass

MODES = (
    "imbalance",
    "blade pass",
    "cavitation",
    "gear",
    "belt slip",
    "electrical hum",
    "air leak",
    "water leak",
    "structure",
    "other",
)
FIXED_TOLERANCE = 0.005  #: share a line of fixed frequency may be off: grids keep 1 %, mostly 0.4 % (EN 50160)


@dataclass(frozen=True, slots=True)
class Named:
    """One indicator.

    Parameters
    ----------
    name
        As a technician says it: ``"blade pass line"``.
    mode
        The failure mode it speaks for, of `MODES`.
    band_hz
        Low and high edge; None for a line in the sound itself.
    order
        The line as a multiple of the shaft's frequency; None where it stands at `hz` or there is none.
    hz
        The line's own frequency.
    multiples
        So many multiples of the line are added up, itself included.
    tolerance
        Share by which the line may be off.
    warning_db, critical_db
        Over the machine's own normal.
    """

    name: str
    mode: str
    band_hz: tuple[float, float] | None = None
    order: float | None = None
    hz: float | None = None
    multiples: int = 1
    tolerance: float = FIXED_TOLERANCE
    warning_db: float = 6.0
    critical_db: float = 12.0

    def line_hz(self, shaft_hz: float | None) -> float | None:
        """Where the line stands; None where there is none, or its speed is not known."""
        if self.hz is not None:
            return self.hz
        return None if self.order is None or shaft_hz is None else self.order * shaft_hz

    @property
    def what(self) -> str:
        """Say what is measured: two indicators that say the same can be compared."""
        line = "" if not self.is_line else f"{self.hz:g} Hz" if self.hz is not None else f"{self.order:g} x shaft"
        line += f" to its multiple {self.multiples}" if self.multiples > 1 else ""
        line += f" +-{100 * self.tolerance:g} %"
        if self.band_hz is None:
            return f"line at {line}"
        band = f"{self.band_hz[0]:g} to {self.band_hz[1]:g} Hz"
        return f"modulation of {band} at {line}" if self.is_line else f"level of {band}"

    @property
    def is_line(self) -> bool:
        """True where a line is looked for."""
        return self.hz is not None or self.order is not None
