"""How much of a loud hall a second microphone takes out, against what coherence allows; what an array gains.

Real noise of halls over real engines, with simulated ways to two microphones; the canceller learns from the hall alone
and is then heard with the engine running. The engine leaks into the ambient microphone 15 dB weaker. Writes its table
into docs/accuracy.md. Run: ``python -m benchmarks.cancelling``.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analytics.signal.beamforming import Beam, steering_delays, summed
from analytics.signal.cancelling import cancel_step, canceller_at_rest, learn_canceller
from benchmarks.accuracy import clips_of, write_figures
from benchmarks.gate import ENGINE_RATE, LEAK_DB, disturbances, way

OWN_DB = (-30.0, -20.0, -10.0, 0.0)  #: what each microphone hears alone, against the hall
HALLS = 8
SOUND_M_S = 343.2


def rms(x: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(x**2)))


def cancelling() -> Iterator[str]:
    """Take halls as loud as the engine out of it."""
    rng = np.random.default_rng(0)
    halls = [np.resize(one, 24 * ENGINE_RATE).astype(np.float64) for one in disturbances(ENGINE_RATE)["steady"]]
    engines = [clip.capture.samples.astype(np.float64) for clip in clips_of("engines") if clip.row["label"] == "normal"]
    yield (
        f"### A hall as loud as the engine, taken out by an ambient microphone ({HALLS} halls, 16 kHz)\n\n"
        "| heard by each microphone alone | bound by coherence | hall went down by | engine changed by "
        "| engine over hall, before / after |\n|---|---|---|---|---|\n"
    )
    for own_db in OWN_DB:
        rows = []
        for index in rng.permutation(len(halls))[:HALLS]:
            hall, engine = halls[index] / rms(halls[index]), engines[rng.integers(len(engines))]
            engine = np.resize(engine / rms(engine), len(hall))
            own = [rng.normal(0, 10 ** (own_db / 20), len(hall)) for _ in range(2)]
            main, ambient = way(hall, 5) + own[0], way(hall, 6) + own[1]
            leak = way(engine, 7) * 10 ** (LEAK_DB / 20)
            half = len(hall) // 2
            f32 = [one.astype(np.float32) for one in (main, ambient, engine, leak)]
            learned = learn_canceller(f32[0][:half], f32[1][:half], ENGINE_RATE)
            still, target = (
                cancel_step(canceller_at_rest(learned.taps, learned.ahead), *pair)[1][learned.ahead :]
                for pair in ((f32[0][half:], f32[1][half:]), (f32[2][half:], f32[3][half:]))
            )
            down = 20 * np.log10(rms(main[half:]) / rms(still))
            changed = 20 * np.log10(rms(target) / rms(engine[half:]))
            before = 20 * np.log10(1 / rms(main[half:]))
            rows.append((learned.bound_db, down, changed, before, 20 * np.log10(rms(target) / rms(still))))
        bound, down, changed, before, after = np.mean(rows, axis=0)
        yield f"| {own_db:.0f} dB | {bound:.1f} dB | {down:.1f} dB | {changed:+.1f} dB | {before:+.1f} / {after:+.1f} dB |\n"


def arrays() -> Iterator[str]:
    """Compare a line of microphones with one of them, in noise of their own and of a hall from all sides."""
    rng, rate = np.random.default_rng(0), 48_000
    yield (
        "\n### Delay and sum: a line of microphones 40 mm apart, 48 kHz\n\n"
        "| microphones | own noise goes down by | 10 log10 n | hall from all sides, 1 to 4 kHz | below 500 Hz |\n"
        "|---|---|---|---|---|\n"
    )
    for n in (2, 4, 8):
        places = np.stack([np.arange(n) * 0.04, np.zeros(n), np.zeros(n)], axis=1)
        delays = steering_delays(places, np.array([0.5 * 0.04 * (n - 1), 1.0, 0.0]))
        beam = Beam(tuple(range(1, n + 1)), tuple(1000 * delays))
        own = rng.normal(0, 1, (n, 2 * rate))
        around = np.zeros((n, 2 * rate))
        hz = np.fft.rfftfreq(2 * rate, 1 / rate)
        for direction in rng.normal(0, 1, (60, 3)):
            late = places @ (direction / np.linalg.norm(direction)) / SOUND_M_S
            spectrum = np.fft.rfft(rng.normal(0, 1, 2 * rate))
            around += np.fft.irfft(spectrum * np.exp(-2j * np.pi * hz * late[:, None]), 2 * rate, axis=1)
        cells = [20 * np.log10(rms(own[0]) / rms(summed(beam, own.T.astype(np.float32), rate).astype(np.float64)))]
        heard = summed(beam, around.T.astype(np.float32), rate)
        for low, high in ((1_000, 4_000), (50, 500)):
            power = []
            for sound in (around[0][: len(heard)], heard):
                spectrum = np.abs(np.fft.rfft(sound)) ** 2
                at = np.fft.rfftfreq(len(sound), 1 / rate)
                power.append(spectrum[(at >= low) & (at < high)].sum())
            cells.append(10 * np.log10(power[0] / power[1]))
        yield f"| {n} | {cells[0]:.1f} dB | {10 * np.log10(n):.1f} dB | {cells[1]:.1f} dB | {cells[2]:.1f} dB |\n"


if __name__ == "__main__":
    write_figures("cancelling", "".join([*cancelling(), *arrays()]))
