import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.features.log_mel import BANDS, Level, Profile, lay_out, log_mel, mel_plan, part_features
from analytics.signal.spectra import frames_of

RNG = np.random.default_rng(4)


def noise(seconds, rate, level=0.1, seed=5):
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


def dying(decay_s, rate=48_000, seconds=0.1):
    return (noise(seconds, rate) * np.exp(-np.arange(round(seconds * rate)) / rate / decay_s)).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("profile", list(Profile))
def test_every_band_sums_to_one_and_none_is_empty(rate, profile):
    plan = mel_plan(rate, profile)
    assert np.add.reduceat(plan.weights, plan.starts) == pytest.approx(np.ones(BANDS), abs=1e-6)
    assert np.all(np.diff(plan.starts) >= 1)
    assert plan.edges_hz[0] == pytest.approx(50)
    assert plan.edges_hz[-1] == pytest.approx(min(0.45 * rate, 16_000))


def test_the_bands_are_equal_steps_of_mel():
    mel = 2595 * np.log10(1 + mel_plan(48_000, Profile.KNOCK).edges_hz / 700)
    assert np.diff(mel) == pytest.approx(np.full(65, (mel[-1] - mel[0]) / 65))


def test_white_noise_has_the_same_level_in_all_bands_at_any_rate():
    means = []
    for rate in (44_100, 48_000, 96_000):  # density 1e-6 per Hz at each rate
        sound = noise(20.0, rate, level=np.sqrt(1e-6 * rate / 2))
        plan = mel_plan(rate, Profile.STEADY)
        means.append(np.log(np.mean(np.exp(log_mel(frames_of(sound, plan.frame, plan.frame), plan)), axis=0)))
    assert np.stack(means) == pytest.approx(np.full((3, BANDS), np.log(1e-6)), abs=0.35)  # 313 frames: 6 % of one bin


PLANS = [lay_out(48_000, 1024, 4), lay_out(48_000, 480, 1), mel_plan(16_000, Profile.STEADY), lay_out(44_100, 360, 8)]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.frame}/{plan.hop}")
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 500), max_size=8))
def test_frames_come_out_the_same_to_the_last_bit_whatever_frames_stand_beside_them(plan, cuts):
    frames = frames_of(noise(0.5, 48_000), plan.frame, plan.hop)
    apart = [log_mel(some, plan) for some in np.split(frames, sorted(min(cut, len(frames)) for cut in cuts))]
    assert np.array_equal(np.concatenate(apart), log_mel(frames, plan))


@pytest.mark.parametrize(("hz", "low", "high"), [(1000, 900, 1120), (5000, 4600, 5500)])
def test_a_tone_lies_in_its_own_band(hz, low, high):
    plan = mel_plan(48_000, Profile.STEADY)
    tone = np.sin(2 * np.pi * hz * np.arange(24_000) / 48_000).astype(np.float32)
    loudest = int(np.argmax(log_mel(frames_of(tone, plan.frame, plan.hop), plan)[0]))
    assert low < plan.edges_hz[loudest + 1] < high


def test_the_slope_of_a_knock_is_its_rate_of_decay():
    sound, plan = dying(0.02), mel_plan(48_000, Profile.KNOCK)
    slope = part_features(sound, plan, Profile.KNOCK, Level.ABSOLUTE)[BANDS:]
    # exp(-t / 20 ms) loses 2 nepers of power in 20 ms: 100 ms minus one frame of decay from t = -1 to 1.
    assert np.mean(slope) == pytest.approx(-(0.1 - plan.frame / 48_000) / 0.02, rel=0.05)


def test_gain_moves_all_levels_alike_or_not_at_all():
    sound, plan = dying(0.02), mel_plan(48_000, Profile.KNOCK)
    for level, change in ((Level.ABSOLUTE, 2 * np.log(0.25)), (Level.NORMALISED, 0.0)):
        loud = part_features(sound, plan, Profile.KNOCK, level)
        quiet = part_features(sound * np.float32(0.25), plan, Profile.KNOCK, level)
        assert quiet[:BANDS] - loud[:BANDS] == pytest.approx(np.full(BANDS, change), abs=1e-4)
        assert quiet[BANDS:] == pytest.approx(loud[BANDS:], abs=1e-4)


def test_steady_sound_is_its_mean_and_its_spread():
    plan = mel_plan(16_000, Profile.STEADY)
    numbers = part_features(noise(4.0, 16_000), plan, Profile.STEADY, Level.NORMALISED)
    bands = log_mel(frames_of(noise(4.0, 16_000), plan.frame, plan.hop), plan)
    assert numbers.dtype == np.float32
    assert numbers[:BANDS] == pytest.approx(bands.mean(axis=0), abs=0.05)  # 0.1 RMS within 2 %
    assert numbers[BANDS:] == pytest.approx(bands.std(axis=0), abs=1e-3)


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize(
    "sound",
    [np.zeros(9600), np.full(9600, 0.5), np.full(9600, 1e-40), RNG.choice([-1.0, 1.0], 9600), np.eye(1, 9600)[0] * 1e9],
    ids=["silence", "constant", "denormal", "full-scale square", "spike"],
)
def test_any_finite_sound_gives_finite_numbers(profile, sound):
    for level in Level:
        numbers = part_features(sound.astype(np.float32), mel_plan(48_000, profile), profile, level)
        assert numbers.shape == (128,)
        assert np.isfinite(numbers).all()


def test_a_part_of_one_frame_is_refused():
    plan = mel_plan(48_000, Profile.KNOCK)
    with pytest.raises(ValueError, match="512 samples are too few; two frames take 576"):
        part_features(np.ones(512, np.float32), plan, Profile.KNOCK, Level.ABSOLUTE)


def test_a_rate_that_cannot_reach_the_bands_is_refused():
    with pytest.raises(ValueError, match="need a higher rate than 200 Hz"):
        lay_out(200, 64, 4)
