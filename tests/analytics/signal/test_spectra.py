import numpy as np
import pytest

from analytics.signal.spectra import frame_size, frames_of, hann, power_density


@pytest.mark.parametrize(
    ("rate", "seconds", "size"),
    [
        (48_000, 512 / 48_000, 512),
        (48_000, 0.064, 3072),
        (16_000, 0.064, 1024),
        (44_100, 0.064, 2880),  # 2822.4 is wished; 2816 = 8 x 352 holds an 11
        (16_000, 512 / 48_000, 160),
        (12_345, 0.064, 800),
    ],
)
def test_a_frame_is_the_nearest_size_the_fft_is_quick_at(rate, seconds, size):
    assert frame_size(rate, seconds) == size


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 96_000, 192_000, 12_345, 100])
def test_a_frame_is_never_far_from_what_was_wished_and_splits_into_eighths(rate):
    for seconds in (0.0107, 0.064):
        size = frame_size(rate, seconds)
        assert size % 8 == 0
        assert abs(size - rate * seconds) <= max(7, 0.13 * rate * seconds)


@pytest.mark.parametrize(("rate", "size"), [(48_000, 512), (16_000, 1024), (44_100, 480)])
def test_white_noise_has_its_variance_over_half_the_rate_in_every_bin(rate, size):
    noise = np.random.default_rng(1).normal(0, 0.1, 400 * size).astype(np.float32)
    density = power_density(frames_of(noise, size, size), rate)
    assert density.shape == (400, size // 2 + 1)
    assert density.dtype == np.float32
    assert np.mean(density[:, 2:-2]) == pytest.approx(0.01 / (rate / 2), rel=0.02)


def test_a_tone_carries_its_power_wherever_it_falls_between_bins():
    n = np.arange(4800)
    for hz in (1000.0, 1037.0, 1046.9):
        tone = (0.5 * np.sin(2 * np.pi * hz * n / 48_000)).astype(np.float32)
        density = power_density(frames_of(tone, 480, 480), 48_000)
        assert np.sum(density, axis=1) * 100 == pytest.approx(0.125, rel=0.02)  # 0.5^2 / 2; bins of 100 Hz


def test_sound_shorter_than_a_frame_has_no_frames():
    assert frames_of(np.zeros(99, np.float32), 100, 25).shape == (0, 100)
    assert frames_of(np.zeros(0, np.float32), 100, 25).shape == (0, 100)
    assert frames_of(np.zeros(100, np.float32), 100, 25).shape == (1, 100)
    assert frames_of(np.zeros(149, np.float32), 100, 25).shape == (2, 100)


def test_nobody_can_bend_the_window_that_all_share():
    with pytest.raises(ValueError, match="read-only"):
        hann(64)[0] = 1.0
