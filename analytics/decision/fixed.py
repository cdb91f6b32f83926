"""Limits that a person sets, beside those that are learned: ``level <= -12 dB``, ``band 2000-4000 Hz >= -50 dB``.

A learned limit moves with what was taught; a fixed one stays where a drawing, a customer or a law put it. It counts as
one more score of the part, 1.0 at the limit, and the largest score decides.
"""

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.features.indicators import Indicators

_DB_PER_DECADE = 20.0  #: a score is a ratio of amplitudes, so twice over the limit is 6 dB over it
_MOST_DECADES = 12.0  #: a score stays a finite number, however silent a part is
_LEAST_POWER = 1e-24  #: -240 dB
_UNITS = {"level": "dB", "peak": "dB", "band": "dB", "crest": "", "kurtosis": "", "score": ""}
_TEXT = re.compile(
    r"(?P<what>[a-z]+)(?:\s+(?P<low>\d+(?:\.\d+)?)\s*-\s*(?P<high>\d+(?:\.\d+)?)\s*Hz)?"
    r"\s*(?P<side><=|>=)\s*(?P<value>[-+]?\d+(?:\.\d+)?)\s*(?P<unit>dB)?"
)
_WANTED = 'wanted as in "level <= -12 dB", "band 2000-4000 Hz >= -50 dB", "crest <= 15" or "score <= 0.9"'


@dataclass(frozen=True, slots=True)
class FixedLimit:
    """One limit set by a person.

    Parameters
    ----------
    what
        level (RMS) | peak | band (RMS of a band), in dB re full scale; crest, kurtosis (ratios); score (the learned
        one, 1.0 being its limit).
    at_most
        True where what is above is rejected, False where what is below is.
    value
        The limit; equality passes. Above 0 for ratios; for the score at most 1, since the learned limit stands.
    low_hz, high_hz
        Of a band; 0 else.
    """

    what: str
    at_most: bool
    value: float
    low_hz: float = 0.0
    high_hz: float = 0.0

    def __post_init__(self) -> None:
        if self.what not in _UNITS or not math.isfinite(self.value):
            raise ValueError(f"{self.what}: there is no such number to limit; {_WANTED}")
        if (self.what == "band") != (0 <= self.low_hz < self.high_hz):
            raise ValueError(f"{self}: a band has a lower and a higher edge, as in band 2000-4000 Hz, nothing else has")
        if not _UNITS[self.what] and self.value <= 0:
            raise ValueError(f"{self}: wanted a limit above 0")
        if self.what == "score" and not (self.at_most and self.value <= 1):
            raise ValueError(f"{self}: wanted score <= 1 or less; the learned limit, 1, stands whatever is fixed")

    def __str__(self) -> str:
        band = f" {self.low_hz:g}-{self.high_hz:g} Hz" if self.what == "band" else ""
        return f"{self.what}{band} {'<=' if self.at_most else '>='} {self._said(self.value)}"

    def measure(self, part: NDArray[np.float32], rate: int, indicators: Indicators, learned: float) -> float:
        """Measure what is limited: of the part's sound, shape (n,), of its indicators or of its learned score."""
        match self.what:
            case "level":
                return indicators.rms_db
            case "peak":
                return indicators.peak_db
            case "band":
                return band_db(part, rate, self.low_hz, self.high_hz)
            case "score":
                return learned
            case _:
                return float(getattr(indicators, self.what))

    def score(self, measured: float) -> float:
        """Bring a measured value to the scale of scores: >= 0, 1.0 at the limit."""
        if _UNITS[self.what]:
            over = measured - self.value if self.at_most else self.value - measured
            return float(10 ** max(-_MOST_DECADES, min(over / _DB_PER_DECADE, _MOST_DECADES)))
        over, under = (measured, self.value) if self.at_most else (self.value, measured)
        return min(over / max(under, 1e-12), 10**_MOST_DECADES)

    def reason(self, measured: float) -> str:
        """Say what a person reads of a part beyond this limit."""
        band = f" of {self.low_hz:g}-{self.high_hz:g} Hz" if self.what == "band" else ""
        side = "above" if self.at_most else "below"
        return f"the {self.what}{band}, {self._said(measured)}, is {side} the fixed limit of {self._said(self.value)}"

    def _said(self, value: float) -> str:
        return f"{value:.4g} dB" if _UNITS[self.what] else f"{value:.4g}"


def parse_fixed(text: str) -> FixedLimit:
    """Read a limit as a person writes it.

    Raises
    ------
    ValueError
        It is not written so, or cannot be; the message says what is wanted.
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None or found["what"] not in _UNITS:
        raise ValueError(f"{text}: no limit; {_WANTED}")
    if bool(found["unit"]) != bool(_UNITS[found["what"]]):
        unit = _UNITS[found["what"]] or "no unit"
        raise ValueError(f"{text}: {found['what']} is given in {unit}; {_WANTED}")
    low, high = (float(found[edge] or 0) for edge in ("low", "high"))
    return FixedLimit(found["what"], found["side"] == "<=", float(found["value"]), low, high)


def band_db(part: NDArray[np.float32], rate: int, low_hz: float, high_hz: float) -> float:
    """RMS of a part's band, dB re full scale; -240 for none.

    By Parseval's theorem over the whole part, without a taper: a struck part is loudest where a taper would fade it.
    """
    n = len(part)
    powers = np.square(np.abs(np.fft.rfft(part.astype(np.float64))) / n)
    hertz = np.arange(len(powers)) * (rate / n)
    inside = (hertz >= low_hz) & (hertz < high_hz)
    twice = np.where((hertz == 0) | (2 * hertz == rate), 1.0, 2.0)  # both halves of the spectrum, its ends once
    return float(10 * np.log10(max(float(np.sum((powers * twice)[inside])), _LEAST_POWER)))
