import numpy as np
import pytest

from analytics.quality.ear_hum import Hum, hum_step
from analytics.quality.ear_second import second_of

RATE = 8_000
LEARNED_S = 30


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.02, seconds * RATE)


def tones(seconds, amplitudes):
    t = np.arange(seconds * RATE) / RATE
    return sum((amplitude * np.sin(2 * np.pi * hz * t + hz) for hz, amplitude in amplitudes.items()), np.zeros(len(t)))


def heard(sound, hum=None):
    """What is said of each second; the first 30 are learned."""
    hum, said, learning = hum or Hum(), [], hum is None
    for at in range(0, len(sound), RATE):
        second = second_of(sound[at : at + RATE].astype(np.float32), RATE)
        index = at // RATE
        hum = hum_step(hum, second, learning=learning and index < LEARNED_S, settled=not learning or index > 8)
        said.append(hum.hums)
    return hum, said


@pytest.fixture(scope="module")
def learned():
    hum, said = heard(noise(LEARNED_S))
    assert not any(said)
    return hum


@pytest.mark.parametrize("mains", [49.95, 50.0, 50.04, 60.03])
def test_hum_is_found_within_six_seconds_though_it_is_ten_decibel_under_the_sound(learned, mains):
    lines = {mains * k: 0.0075 / k for k in range(1, 8)}
    hum, said = heard(noise(8, seed=1) + tones(8, lines), learned)
    assert any(said[:6])
    assert f"of {50 if mains < 55 else 60} Hz" in hum.sentence


def test_a_motor_hums_at_the_even_harmonics_and_that_is_no_fault_of_the_microphone(learned):
    _, said = heard(noise(20, seed=2) + tones(20, {100: 0.01, 200: 0.008, 300: 0.01}), learned)
    assert not any(said)


def test_a_shaft_near_the_mains_is_no_hum(learned):
    turns = {49.3 * k: 0.008 / k for k in range(1, 8)}
    _, said = heard(noise(20, seed=3) + tones(20, turns), learned)
    assert not any(said)


def test_lines_that_were_there_while_learning_are_normal():
    lines = {50.0 * k: 0.0075 / k for k in range(1, 8)}
    _, said = heard(noise(60, seed=4) + tones(60, lines))
    assert not any(said)


def test_noise_alone_never_hums_in_ten_minutes(learned):
    _, said = heard(noise(600, seed=5), learned)
    assert not any(said)


def test_hum_is_gone_when_it_is_gone(learned):
    lines = {50.0 * k: 0.0075 / k for k in range(1, 8)}
    hum, said = heard(noise(8, seed=6) + tones(8, lines), learned)
    assert said[-1]
    _, said = heard(noise(8, seed=7), hum)
    assert not said[-1]
