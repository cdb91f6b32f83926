"""Listens into one direction with several microphones: delays each so that this direction adds up, and sums.

Against noise of the microphones themselves, and of a hall in which they hear different things, n of them give
10 log10(n) dB. Below the frequency whose wave is twice as long as the array they all hear the same, and nothing is
gained; above c / (2 spacing) other directions add up as well.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SOUND_M_S = 343.2  #: in dry air of 20 degrees C (ISO 9613-1); 0.6 m/s more for each degree
DELAY_MAX_MS = 50.0  #: the sound goes 17 m in that
_HALF = 32  #: taps of the fractional delay on each side
_KAISER = 8.0  #: of its window: an error under -80 dB up to 0.9 of half the rate (measured in the tests)


def steering_delays(
    positions: NDArray[np.float64], point: NDArray[np.float64], speed: float = SOUND_M_S
) -> NDArray[np.float64]:
    """Return by how many seconds each microphone hears a point later than the nearest of them, shape (n,).

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Of the microphones, metres.
    point : ndarray, shape (3,)
        Where the sound comes from, metres.
    speed
        Of sound, m/s.
    """
    ways = np.linalg.norm(positions - point, axis=1)
    return np.asarray((ways - ways.min()) / speed)


@dataclass(frozen=True, slots=True)
class Beam:
    """Microphones that are heard as one.

    Parameters
    ----------
    channels
        Of the device, counted from 1; two at least, each once.
    delays_ms
        By how much each hears the place of the part later than the nearest of them.
    """

    channels: tuple[int, ...]
    delays_ms: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.delays_ms) or not 2 <= len(set(self.channels)) == len(self.channels):
            raise ValueError(f"channels {self.channels}, delays {self.delays_ms}; wanted two of each at least, once")
        if not all(0 <= delay <= DELAY_MAX_MS for delay in self.delays_ms):
            raise ValueError(f"delays of {self.delays_ms} ms; wanted numbers from 0 to {DELAY_MAX_MS:g}")
        if min(self.channels) < 1:
            raise ValueError(f"channels {self.channels}; wanted numbers from 1 on")

    def __str__(self) -> str:
        return ",".join(f"{channel}:{delay:g}" for channel, delay in zip(self.channels, self.delays_ms, strict=True))

    def reach(self, rate: int) -> tuple[int, int]:
        """How many samples before and after its own a sample is made of."""
        return _HALF, int(np.ceil(max(self.delays_ms) / 1000 * rate)) + _HALF


def parse_beam(text: str) -> Beam:
    """Read what `str` writes of a beam: channel and delay in ms, as in ``1:0,2:0.058,3:0.117``.

    Raises
    ------
    ValueError
        One sentence.
    """
    try:
        pairs = [one.split(":") for one in text.split(",")]
        return Beam(tuple(int(channel) for channel, _ in pairs), tuple(float(delay) for _, delay in pairs))
    except ValueError as fault:
        raise ValueError(f"found {text!r}; wanted CHANNEL:MILLISECONDS,... as in 1:0,2:0.058 ({fault})") from None


def summed(beam: Beam, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the mean of the microphones, each as much earlier as it hears later, shape (n - before - after,).

    Delays of whole and fractional samples by a Kaiser-windowed sinc (Laakso et al. 1996, IEEE SP Magazine 13:30). Each
    sample is the same to the last bit whatever stands around it.

    Parameters
    ----------
    beam
        Which, and how late; `beam.reach` gives before and after.
    samples : ndarray, shape (n, channels), float32
        Every channel of the device; the first result belongs to sample `before`, as the nearest microphone hears it.
    rate
        Samples per second.

    Raises
    ------
    ValueError
        The device has too few channels.
    """
    if max(beam.channels) > samples.shape[1]:
        raise ValueError(f"{samples.shape[1]} channels; the array wants channel {max(beam.channels)}")
    taps = _taps(beam, rate)
    if len(samples) < taps.shape[1]:
        return np.zeros(0, np.float32)
    heard = samples[:, [channel - 1 for channel in beam.channels]].astype(np.float64)
    added = np.zeros(len(samples) - taps.shape[1] + 1)
    for one, filtered in zip(taps, heard.T, strict=True):
        added += np.convolve(filtered, one, "valid")
    return added.astype(np.float32)


def summed_whole(beam: Beam, samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Sum a recording, shape (n, channels), with silence before and after it, shape (n,)."""
    return summed(beam, np.pad(samples, (beam.reach(rate), (0, 0))), rate)


@lru_cache(maxsize=16)
def _taps(beam: Beam, rate: int) -> NDArray[np.float64]:
    """Return the filter of each microphone, shape (m, taps)."""
    before, after = beam.reach(rate)
    wait = after - np.array(beam.delays_ms) / 1000 * rate
    apart = np.arange(before + after + 1) - wait[:, None]
    inside = np.maximum(1 - np.square(apart / (_HALF + 1)), 0.0)
    taps = np.sinc(apart) * np.i0(_KAISER * np.sqrt(inside)) / np.i0(_KAISER) * (np.abs(apart) <= _HALF + 1)
    taps /= len(beam.channels)
    taps.flags.writeable = False
    return np.asarray(taps)
