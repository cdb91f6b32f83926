"""Sounds to distil on: eleven kinds of source, drawn at random, that between them cover what a plant can sound like.

None imitates a recording, and none is labelled. The student only has to meet the space of spectra and of envelopes; its
teacher says what is alike. One second at 44.1 kHz each, unit RMS, float32.
"""

from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.random import Generator
from numpy.typing import NDArray

from analytics.synthesis.noise import add_at

RATE = 44_100
N = RATE  #: samples of a sound
_T = np.arange(N) / RATE
_HZ = np.fft.rfftfreq(N, 1 / RATE)

Sound = NDArray[np.float64]


def sound(chance: Generator) -> NDArray[np.float32]:
    """One to three sources over each other, the later ones -15 to 3 dB, in a place, through a microphone; (N,)."""
    out = np.zeros(N)
    for layer in range(int(chance.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))):
        source = SOURCES[int(chance.integers(len(SOURCES)))]
        out += _unit(source(chance)) * 10 ** ((chance.uniform(-15, 3) if layer else 0) / 20)
    return _unit(surroundings(chance, out)).astype(np.float32)


def short_knock(chance: Generator) -> NDArray[np.float32]:
    """Give a knock cut to 30 to 500 ms, in silence: half of them at the beginning, half anywhere in 0.5 s; (N,)."""
    struck = surroundings(chance, knock(chance, first=0))
    length = round(RATE * np.exp(chance.uniform(np.log(0.03), np.log(0.5))))
    out = np.zeros(N)
    add_at(out, 0 if chance.random() < 0.5 else int(chance.integers(RATE // 2)), struck[:length])
    return _unit(out).astype(np.float32)


def surroundings(chance: Generator, out: Sound) -> Sound:
    """Room, equaliser, band limit, background noise, clipping: whatever lies between a source and its samples."""
    spectrum = scipy.fft.rfft(out)
    if chance.random() < 0.6:
        tail = 10 ** (-3 * _T / np.exp(chance.uniform(np.log(0.05), np.log(0.8)))) * chance.normal(size=N)
        tail *= chance.uniform(0.002, 0.03) * np.exp(-_T * chance.uniform(0, 5))
        tail[0] += 1
        spectrum *= scipy.fft.rfft(tail)
    corners = np.log([30, 120, 400, 1_200, 3_500, 9_000, 22_050])
    tilt = np.interp(np.log(_HZ + 1), corners, chance.normal(0, 5, 7))
    limit = float(chance.choice([4_000, 7_800, 11_000, 16_000, 22_050], p=[0.05, 0.3, 0.1, 0.15, 0.4]))
    spectrum *= 10 ** (tilt / 20) / (1 + (_HZ / limit) ** 40 if limit < RATE / 2 else 1)
    out = _unit(scipy.fft.irfft(spectrum, N))
    if chance.random() < 0.8:
        out += _unit(steady_noise(chance)) * 10 ** (-chance.uniform(0, 45) / 20)
    if chance.random() < 0.15:
        ceiling = np.quantile(np.abs(out), chance.uniform(0.97, 0.999))
        out = np.clip(out, -ceiling, ceiling)
    return out


def knock(chance: Generator, first: int | None = None) -> Sound:
    """Give a struck thing: modes with Q 15 to 600, a click, now and then a rattle or several strokes."""
    hz = np.exp(chance.uniform(np.log(200), np.log(16_000), int(chance.integers(3, 12))))
    stroke = _ringing(chance, hz, np.exp(chance.uniform(np.log(15), np.log(600), len(hz))))
    stroke[: int(chance.integers(20, 400))] += chance.normal(0, chance.uniform(0, 0.5))
    out = np.zeros(N)
    strokes = 1 if first is not None else int(chance.choice([1, 2, 3, 6]))
    start = first if first is not None else int(chance.integers(N // 2))
    for _ in range(strokes):
        add_at(out, start, stroke * chance.uniform(0.3, 1))
        start += int(chance.uniform(0.04, 0.4) * RATE)
    return out


def shatter(chance: Generator) -> Sound:
    """Give many brittle pieces: a broad crack, then pings that grow rarer and weaker."""
    out, start = np.zeros(N), int(chance.integers(N // 2))
    crack = chance.normal(size=int(chance.uniform(0.005, 0.08) * RATE))
    add_at(out, start, crack * np.exp(-np.linspace(0, 5, len(crack))) * chance.uniform(0.2, 2))
    spread, low = chance.uniform(0.02, 0.4), np.log(chance.uniform(1_000, 4_000))
    for _ in range(int(chance.integers(8, 60))):
        hz = np.exp(chance.uniform(low, np.log(18_000), int(chance.integers(1, 4))))
        ping = _ringing(chance, hz, np.exp(chance.uniform(np.log(30), np.log(900), len(hz))), RATE // 5)
        add_at(out, start + int(chance.exponential(spread) * RATE), ping * chance.exponential(0.5))
    return out


def pulses(chance: Generator) -> Sound:
    """Give a train of blows through resonances: bearing, engine, ticking, hammering."""
    rate = np.exp(chance.uniform(np.log(3), np.log(250)))
    return _resonant(chance, _train(chance, rate * np.ones(N), chance.uniform(0, 0.15)))


def creak(chance: Generator) -> Sound:
    """Give stick and slip: a train whose rate wanders over an octave or more."""
    rate = np.exp(np.log(chance.uniform(20, 500)) + _wander(chance, 6) * chance.uniform(0.2, 0.8))
    return _resonant(chance, _train(chance, rate, chance.uniform(0, 0.3)) * np.exp(_wander(chance, 8)))


def lines(chance: Generator) -> Sound:
    """Give a running machine: harmonics of a shaft, of a mesh with sidebands, slowly wandering speed."""
    shaft = np.exp(chance.uniform(np.log(12), np.log(400)))
    phase = 2 * np.pi * np.cumsum(shaft * (1 + chance.uniform(0, 0.02) * _wander(chance, 3))) / RATE
    out = np.zeros(N)
    mesh = int(chance.integers(7, 40))
    orders = [*range(1, 6), *(chance.integers(1, 30, 4)), mesh - 1, mesh, mesh + 1, 2 * mesh]
    for order in orders:
        if order * shaft < 0.45 * RATE:
            out += chance.exponential() * np.sin(order * phase + chance.uniform(0, 2 * np.pi))
    return out


def steady_noise(chance: Generator) -> Sound:
    """Give flow: noise with a smooth spectrum, a peak or two, perhaps beating with a fan's blades."""
    shape = np.interp(np.log(_HZ + 1), np.log([20, 100, 500, 2_000, 8_000, 22_050]), np.cumsum(chance.normal(-3, 7, 6)))
    for _ in range(int(chance.integers(0, 3))):
        peak, width = np.exp(chance.uniform(np.log(100), np.log(15_000))), chance.uniform(0.005, 0.3)
        shape += chance.uniform(5, 30) * np.exp(-0.5 * (np.log((_HZ + 1) / peak) / width) ** 2)
    out = _noise(chance, 10 ** (shape / 20))
    if chance.random() < 0.5:
        out *= 1 + chance.uniform(0, 1) * np.sin(2 * np.pi * chance.uniform(1, 60) * _T + chance.uniform(0, 6))
    return out


def bursts(chance: Generator) -> Sound:
    """Give one to ten short noises of one colour: claps, steps, coughs, valves, keys."""
    colour = _formants(chance, int(chance.integers(1, 5)))
    envelope, start = np.zeros(N), int(chance.integers(N // 2))
    attack, decay = np.exp(chance.uniform(np.log([0.0003, 0.005]), np.log([0.05, 0.3])))
    one = np.minimum(_T / attack, 1) * np.exp(-np.maximum(_T - attack, 0) / decay)
    gap = chance.uniform(0.05, 0.5)
    for _ in range(int(chance.integers(1, 11))):
        add_at(envelope, start, one * chance.uniform(0.3, 1))
        start += int(gap * chance.uniform(0.7, 1.3) * RATE)
    return scipy.fft.irfft(scipy.fft.rfft(chance.normal(size=N) * envelope) * colour, N)


def voiced(chance: Generator) -> Sound:
    """Give a throat: a pitch that glides, formants that shift, breath, broken into syllables."""
    pitch = np.exp(np.log(chance.uniform(70, 700)) + chance.uniform(0, 0.4) * _wander(chance, 4))
    source = _train(chance, pitch, chance.uniform(0, 0.03)) + chance.uniform(0, 0.1) * chance.normal(size=N)
    spectrum = scipy.fft.rfft(source)
    first, second = (scipy.fft.irfft(spectrum * _formants(chance, 4), N) for _ in range(2))
    blend = np.clip(0.5 + _wander(chance, 5), 0, 1)
    return (first * blend + second * (1 - blend)) * _gate(chance)


def tones(chance: Generator) -> Sound:
    """Give a horn, a siren, a beeper: few harmonics, steady, gliding or stepping, perhaps two together."""
    out = np.zeros(N)
    for _ in range(int(chance.integers(1, 4))):
        hz = np.exp(chance.uniform(np.log(150), np.log(5_000))) * np.ones(N)
        if chance.random() < 0.4:
            hz *= np.exp(
                chance.uniform(0.05, 0.6) * np.sin(2 * np.pi * chance.uniform(0.3, 9) * _T + chance.uniform(0, 6))
            )
        phase = 2 * np.pi * np.cumsum(hz) / RATE
        falling = chance.uniform(0.5, 3)
        for order in range(1, int(chance.integers(2, 15))):
            out += np.sin(order * phase) / order**falling * (order * hz < 0.45 * RATE)
    if chance.random() < 0.5:
        out *= np.sin(2 * np.pi * chance.uniform(1.5, 15) * _T + chance.uniform(0, 6)) > chance.uniform(-0.7, 0.5)
    return out * _gate(chance)


def grains(chance: Generator) -> Sound:
    """Give rain, fire, bubbles, gravel: grains at random, each a ping, a click, or a bubble that rises."""
    out = np.zeros(N)
    rise = chance.choice([0.0, 0.0, 1.0]) * chance.uniform(1, 8)
    centre, spread = chance.uniform(np.log(300), np.log(9_000)), chance.uniform(0.05, 0.9)
    length = np.exp(chance.uniform(np.log(0.001), np.log(0.06)))
    t = _T[: max(8, round(6 * length * RATE))]
    for at in chance.integers(0, N, int(np.exp(chance.uniform(np.log(5), np.log(400))))):
        hz = min(np.exp(centre + spread * chance.normal()), 18_000)
        wave = np.sin(2 * np.pi * hz * t * (1 + rise * t)) if spread < 0.6 else chance.normal(size=len(t))
        add_at(out, int(at), wave * np.exp(-t / length) * chance.exponential())
    return out


def painted(chance: Generator) -> Sound:
    """Give noise under a random landscape over time and frequency: whatever the others leave out."""
    frame, hop = 1024, 512
    times, bands = int(chance.integers(3, 30)), int(chance.integers(4, 24))
    landscape = chance.normal(0, chance.uniform(4, 14), (times, bands))
    mel = np.log(np.fft.rfftfreq(frame, 1 / RATE) + 100)
    frames = N // hop + 2
    rows = np.linspace(0, times - 1, frames)
    columns = (mel - mel[0]) / (mel[-1] - mel[0]) * (bands - 1)
    row, column = rows.astype(int), columns.astype(int)
    a, b = (rows - row)[:, None], (columns - column)[None, :]
    row, column, below, right = row, column, np.minimum(row + 1, times - 1), np.minimum(column + 1, bands - 1)
    top = landscape[row][:, column] * (1 - b) + landscape[row][:, right] * b
    bottom = landscape[below][:, column] * (1 - b) + landscape[below][:, right] * b
    gain = 10 ** ((top * (1 - a) + bottom * a) / 20)
    spectra = gain * chance.normal(size=(frames, 2 * gain.shape[1])).view(np.complex128)
    pieces = scipy.fft.irfft(spectra, frame) * np.sin(np.pi * (np.arange(frame) + 0.5) / frame)
    out = np.zeros((frames + 1) * hop)
    for index, piece in enumerate(pieces):
        out[index * hop : index * hop + frame] += piece
    return out[hop : hop + N]


SOURCES: tuple[Callable[[Generator], Sound], ...] = (
    knock, shatter, pulses, creak, lines, steady_noise, bursts, voiced, tones, grains, painted,
)  # fmt: skip


def _unit(out: Sound) -> Sound:
    return np.asarray(out / (np.sqrt(np.mean(np.square(out))) + 1e-9))


def _ringing(chance: Generator, hz: Sound, quality: Sound, n: int = N) -> Sound:
    """Sum decaying modes of random strength, shape (n,); a mode's time is Q / (pi f)."""
    longest = min(n, int(5 * np.max(quality / (np.pi * hz)) * RATE) + 1)
    t = _T[:longest, None]
    strength = chance.exponential(size=len(hz))
    modes = np.exp(-t * np.pi * hz / quality) * np.sin(2 * np.pi * hz * t + chance.uniform(0, 6, len(hz)))
    return np.pad(modes @ strength, (0, n - longest))


def _train(chance: Generator, rate: Sound, jitter: float) -> Sound:
    """Give one blow each time the phase of `rate` (Hz, shape (N,)) passes a whole number; some weak, some missing."""
    phase = np.cumsum(rate) / RATE
    places = np.flatnonzero(np.diff(np.floor(phase + chance.uniform())) > 0)
    places = places + (jitter * RATE / rate[places] * chance.normal(size=len(places))).astype(int)
    out = np.zeros(N)
    out[np.clip(places, 0, N - 1)] = chance.uniform(chance.uniform(0, 1), 1, len(places))
    if chance.random() < 0.3:
        out *= np.repeat(chance.random(N // 441 + 1) > 0.2, 441)[:N]
    return out


def _resonant(chance: Generator, source: Sound) -> Sound:
    return scipy.fft.irfft(scipy.fft.rfft(source) * _formants(chance, int(chance.integers(2, 6))), N)


def _formants(chance: Generator, count: int) -> NDArray[np.complex128]:
    """Give the answer of resonators side by side: sum of a / (1 - (f/f0)^2 + j f / (f0 Q)), which is causal."""
    out = np.full(len(_HZ), chance.uniform(0, 0.1), complex)
    for _ in range(count):
        centre, quality = np.exp(chance.uniform(np.log([150, 1.5]), np.log([14_000, 60])))
        ratio = _HZ / centre
        out += chance.normal() / (quality * (1 - ratio**2) + 1j * ratio)
    return out


def _noise(chance: Generator, shape: Sound) -> Sound:
    return scipy.fft.irfft(shape * chance.normal(size=2 * len(shape)).view(np.complex128), N)


def _wander(chance: Generator, corners: int) -> Sound:
    """Give a line through random corners, about unit spread, shape (N,)."""
    return np.interp(_T, np.linspace(0, 1, corners), chance.normal(size=corners))


def _gate(chance: Generator) -> Sound:
    """Give silences between soft-edged syllables, or none."""
    if chance.random() < 0.4:
        return np.ones(N)
    soft = np.sin(2 * np.pi * chance.uniform(1, 8) * _T * (1 + 0.2 * _wander(chance, 4)) + chance.uniform(0, 6))
    return np.clip(0.5 + chance.uniform(0.5, 6) * (soft + chance.uniform(-0.5, 0.5)), 0, 1)
