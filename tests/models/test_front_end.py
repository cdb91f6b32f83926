import numpy as np
import pytest
import scipy.signal

from models.front_end import front_end, resample, stretched, triangles
from models.model_card import Mel, Waveform

RATE = 16_000


def a_mel(**changes):
    fields = {
        "kind": "mel", "frame": 400, "fft": 512, "hop": 160, "pad": 200, "window": "hann", "bands": 40, "low_hz": 50.0,
        "high_hz": 7_000.0,
    }  # fmt: skip
    return Mel(**fields | changes)


def noise(n, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, n).astype(np.float32)


def test_a_tone_lights_the_band_that_is_tuned_to_it():
    tone = np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE).astype(np.float32)
    recipe = a_mel()

    mel = front_end(tone, RATE, recipe)

    heights = triangles(recipe, RATE)[:, round(1_000 / (RATE / recipe.fft))]
    assert mel.shape == (101, 40)
    assert mel.dtype == np.float32
    assert set(np.argmax(mel[5:-5], axis=1)) == {int(np.argmax(heights))}


def test_frames_are_those_of_the_formula():
    sound, recipe = noise(1_000), a_mel(window="hann-periodic", gain=3.0, add=0.5, scale=2.0, offset=1.0)

    mel = front_end(sound, RATE, recipe)

    padded = np.pad(sound.astype(float), 200)
    window = scipy.signal.get_window("hann", 400)
    power = [np.abs(np.fft.rfft(padded[at : at + 400] * window, 512)) ** 2 for at in range(0, 1_001, 160)]
    wanted = 1.0 + 2.0 * np.log10(3.0 * np.array(power) @ triangles(recipe, RATE).T + 0.5)
    np.testing.assert_allclose(mel, wanted, rtol=1e-4)


@pytest.mark.parametrize("level", ["peak", "mean"])
def test_a_recipe_may_leave_the_level_out(level):
    sound, recipe = noise(4_000), a_mel(level=level)

    np.testing.assert_allclose(front_end(sound, RATE, recipe), front_end(sound * 0.01, RATE, recipe), atol=1e-4)


@pytest.mark.parametrize("heard", [11_025, 24_000, 44_100, 48_000, 96_000])
def test_a_stretched_recipe_hears_the_same_at_another_rate(heard):
    recipe = a_mel(level="mean", any_rate=True, frame=512, high_hz=5_000.0)
    sound = noise(2 * heard)

    mel = front_end(sound, heard, stretched(recipe, RATE, heard))

    wanted = front_end(resample(sound, heard, RATE), RATE, recipe)
    assert mel.shape == wanted.shape
    assert np.abs(mel - wanted).mean() < 0.1  # a tenth of a decade; frames drift by half a sample each
    np.testing.assert_allclose(mel.mean(axis=0), wanted.mean(axis=0), atol=0.05)


def test_bands_a_rate_cannot_carry_stay_at_the_floor():
    recipe = a_mel(level="mean", any_rate=True, floor=1e-8)

    mel = front_end(noise(4_000), 8_000, stretched(recipe, RATE, 8_000))

    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 7_000 / 700), 42) / 2595) - 1)
    np.testing.assert_allclose(mel[:, edges[:-2] > 4_200], -8, atol=1e-5)
    assert (mel[:, edges[2:] < 3_900] > -7).all()


@pytest.mark.parametrize("level", ["none", "peak", "mean"])
def test_silence_is_finite(level):
    assert np.isfinite(front_end(np.zeros(4_000, np.float32), RATE, a_mel(level=level))).all()


def test_magnitudes_are_the_roots_of_powers_under_one_triangle_a_bin():
    one_bin = {"fft": 400, "frame": 400, "bands": 1, "low_hz": 960.0, "high_hz": 1_040.0}

    power, magnitude = (front_end(noise(2_000), RATE, a_mel(**one_bin, power=power)) for power in (2, 1))

    np.testing.assert_allclose(2 * magnitude, power, atol=0.05)  # the peak of the triangle is not quite on the bin


def test_triangles_of_unit_sum_leave_white_noise_flat():
    weights = triangles(a_mel(area="sum", fft=4096), RATE)

    np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_slaney_s_scale_is_straight_up_to_one_kilohertz():
    recipe = a_mel(scale_hz="slaney", low_hz=0.0, high_hz=1_000.0, bands=9, fft=16_000, frame=400)

    peaks = np.argmax(triangles(recipe, RATE), axis=1)

    assert peaks.tolist() == [100, 200, 300, 400, 500, 600, 700, 800, 900]


def test_sides_may_be_straight_in_mel():
    recipe = a_mel(sides="mel", low_hz=0.0, high_hz=7_000.0, bands=1, fft=16_000)

    weights = triangles(recipe, RATE)[0]

    mel = 2595 * np.log10(1 + np.arange(8_001) / 700) / (2595 * np.log10(11))
    np.testing.assert_allclose(weights, np.maximum(0, np.minimum(2 * mel, 2 - 2 * mel)), atol=1e-9)


def test_samples_themselves_may_be_wanted():
    sound = noise(100)

    np.testing.assert_array_equal(front_end(sound, RATE, Waveform(kind="waveform")), sound)
    assert np.abs(front_end(sound, RATE, Waveform(kind="waveform", level="peak"))).max() == 1.0


@pytest.mark.parametrize(("rate", "wanted"), [(16_000, 44_100), (48_000, 44_100), (8_000, 16_000)])
def test_a_tone_keeps_its_pitch_and_level_at_another_rate(rate, wanted):
    tone = np.sin(2 * np.pi * 440 * np.arange(rate // 2) / rate).astype(np.float32)

    out = resample(tone, rate, wanted)

    n = len(out)
    assert out.dtype == np.float32
    assert n == pytest.approx(wanted // 2, abs=2)
    inner = slice(n // 10, -n // 10)
    np.testing.assert_allclose(out[inner], np.sin(2 * np.pi * 440 * np.arange(n) / wanted)[inner], atol=2e-3)


def test_what_a_lower_rate_cannot_carry_is_taken_away():
    tone = np.sin(2 * np.pi * 20_000 * np.arange(48_000) / 48_000).astype(np.float32)

    assert np.abs(resample(tone, 48_000, 16_000)[200:-200]).max() < 2e-3


def test_rates_that_differ_by_less_than_a_thousandth_are_taken_for_one():
    sound = noise(1_000)

    assert resample(sound, 44_099, 44_100) is sound
