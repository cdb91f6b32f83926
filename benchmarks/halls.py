"""Simulated hours of a hall in which nothing is wrong with the microphone: knocks, bursts of noise, machines about it."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

Sound = NDArray[np.float64]

HALL_RATE = 8_000
_DARK = butter(1, 800, fs=HALL_RATE, output="sos")


def busy_minute(rng: Generator, wander: float, longest: float) -> Sound:
    """Make a knock a second, and three bursts a minute, up to 15 dB over the hall, each up to ``longest`` s long."""
    rate = HALL_RATE
    hall = np.asarray(sosfilt(_DARK, rng.normal(0, 0.02 * 10 ** (wander / 20), 60 * rate)))
    for at in range(0, 60 * rate - 1_000, rate):
        knock = rng.uniform(0.06, 0.3) * np.exp(-np.arange(800) / 100)
        hall[at : at + 800] += knock * rng.normal(0, 1, 800)
    for at in rng.integers(0, 55 * rate, 3):
        length = min(int(rng.uniform(0.1, longest) * rate), len(hall) - int(at))
        hall[at : at + length] += rng.uniform(0, 0.1) * rng.normal(0, 1, length)
    return hall


def busy(rng: Generator) -> Iterator[Sound]:
    """Minutes of a hall whose level wanders by 0.3 dB a minute."""
    wander = 0.0
    while True:
        wander = float(np.clip(wander + rng.normal(0, 0.3), -6, 6))
        yield busy_minute(rng, wander, 3.0)


def machines(rng: Generator) -> Iterator[Sound]:
    """Minutes of a hall with four machines about the microphone.

    Each has a band of its own, 5 dB under to 15 dB over the hall, and is started and stopped within 50 ms, for 20
    minutes on average and 10. Bursts may last 20 s.
    """
    rate, wander, length = HALL_RATE, 0.0, 60 * HALL_RATE
    edges = [(low := float(rng.uniform(60, 800)), low * float(rng.uniform(2, 4))) for _ in range(4)]
    bands = [butter(1, edge, "bandpass", fs=rate, output="sos") for edge in edges]
    states = [np.zeros((len(band), 2)) for band in bands]
    loud = [0.012 * 10 ** (float(rng.uniform(-5, 15)) / 20) / np.sqrt((edge[1] - edge[0]) / 1_600) for edge in edges]
    runs, switch = [False] * 4, [float(rng.exponential(600)) for _ in range(4)]  # in seconds of this minute
    ramp = np.ones(rate // 20) / (rate // 20)
    while True:
        wander = float(np.clip(wander + rng.normal(0, 0.3), -6, 6))
        hall = busy_minute(rng, wander, 20.0)
        for one, band in enumerate(bands):
            on = np.full(length, float(runs[one]))
            while switch[one] < 60:
                runs[one] = not runs[one]
                on[round(switch[one] * rate) :] = runs[one]
                switch[one] += float(rng.exponential(1_200 if runs[one] else 600))
            switch[one] -= 60
            sound, states[one] = sosfilt(band, rng.normal(0, loud[one], length), zi=states[one])
            hall += np.convolve(np.pad(on, (len(ramp) - 1, 0), "edge"), ramp, "valid") * sound
        yield hall
