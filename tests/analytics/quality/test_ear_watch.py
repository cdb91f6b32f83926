import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from analytics.quality.ear import EarState, ear_step
from analytics.quality.ear_second import repeats, second_of
from analytics.quality.ear_watch import accept, unheard, watch_step
from analytics.quality.words import Quality

RATE = 8_000
LEARNED_S = 36


def room(seconds, seed=0, level=0.02):
    """Noise of a room, darker towards the top, with a knock a second."""
    rng = np.random.default_rng(seed)
    n = seconds * RATE
    x = level * sosfilt(butter(1, 1_000, fs=RATE, output="sos"), rng.normal(0, 1, n))
    for at in range(RATE // 2, n - 800, RATE):
        x[at : at + 800] += 0.3 * np.exp(-np.arange(800) / 100) * rng.normal(0, 1, 800) * rng.uniform(0.3, 1)
    return x


def watched(*sounds, watch=None):
    """Faults said second by second."""
    watch, state, said = watch or unheard(), EarState(RATE), []
    for sound in sounds:
        state, reports = ear_step(state, sound.astype(np.float32))
        for one in reports:
            if one.second is not None:
                watch = watch_step(watch, one.second)
            said.append(watch.fault)
    return watch, said


@pytest.fixture(scope="module")
def learned():
    watch, said = watched(room(LEARNED_S))
    assert not any(said)
    return watch


def chopped(x):
    out = x.copy()
    for at in range(0, len(x), 800):
        out[at : at + 160] *= 1e-4
    return out


def humming(x):
    t = np.arange(len(x)) / RATE
    return x + sum(0.012 / k * np.sin(2 * np.pi * 50 * k * t) for k in range(1, 6))


BREAKS = {
    "-3 dB": (lambda x: 0.7079 * x, Quality.GAIN_STEP),
    "+6 dB": (lambda x: 1.9953 * x, Quality.GAIN_STEP),
    "lost highs": (lambda x: sosfilt(butter(4, 800, fs=RATE, output="sos"), x), Quality.LOST_HIGHS),
    "covered": (lambda x: 0.02 * sosfilt(butter(1, 500, fs=RATE, output="sos"), x), None),
    "loose contact": (chopped, Quality.DROPOUT),
    "hum": (humming, Quality.HUM),
    "another channel": (lambda x: 0.3 * np.diff(x, n=2, prepend=[0.0, 0.0]), Quality.SWAPPED),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_fault_is_found_within_ten_seconds_and_gone_when_it_is_over(learned, name):
    break_it, word = BREAKS[name]
    broken, said = watched(break_it(room(10, seed=1)), watch=learned)
    assert said[-1] is not None
    assert word in (None, said[-1])
    assert broken.sentence
    _, after = watched(room(16, seed=2), watch=broken)
    assert after[-1] is None


@pytest.mark.parametrize("name", ["-3 dB", "lost highs", "hum", "another channel"])
def test_a_fault_is_a_warning_first_and_sure_after_about_half_a_minute(learned, name):
    break_it, _ = BREAKS[name]
    warned, said = watched(break_it(room(12, seed=1)), watch=learned)
    assert said[-1] is not None
    assert not warned.sure
    sure, _ = watched(break_it(room(24, seed=3)), watch=warned)
    assert sure.sure


def test_a_loose_contact_is_sure_after_three_seconds(learned):
    watch, _ = watched(chopped(room(3, seed=1)), watch=learned)
    assert watch.sure


def test_a_warning_of_hum_hides_no_other_fault(learned):
    watch, said = watched(humming(room(8, seed=1)), watch=learned)
    assert said[-1] is Quality.HUM
    _, said = watched(humming(room(10, seed=2)) * 0.4, watch=watch)
    assert Quality.GAIN_STEP in said


@pytest.mark.parametrize("seed", range(4))
def test_the_end_of_a_burst_of_noise_is_no_step_of_the_gain_and_never_sure(learned, seed):
    rng = np.random.default_rng(20 + seed)
    x = room(90, seed=20 + seed)
    x[10 * RATE : 26 * RATE] += 0.02 * sosfilt(butter(1, 1_000, fs=RATE, output="sos"), rng.normal(0, 1, 16 * RATE))
    watch, state, ends = learned, EarState(RATE), []
    for one in ear_step(state, x.astype(np.float32))[1]:
        watch = watch_step(watch, one.second)
        assert not watch.sure
        ends.append(watch.fault)
    assert not any(ends[40:])


def test_a_sound_that_comes_and_goes_is_never_sure(learned):
    rng = np.random.default_rng(11)
    x = room(120, seed=12)
    for at in range(0, 120, 9):  # six seconds of nine: seen as a step, and over before it is believed
        x[at * RATE : (at + 6) * RATE] += rng.normal(0, 0.2, len(x[at * RATE : (at + 6) * RATE]))
    watch, state = learned, EarState(RATE)
    _, reports = ear_step(state, x.astype(np.float32))
    warned = sure = 0
    for one in reports:
        watch = watch_step(watch, one.second)
        warned, sure = warned + (watch.fault is not None), sure + watch.sure
    assert warned
    assert not sure


def test_another_channel_stays_a_fault_until_a_person_accepts_it_and_the_old_one_stays_normal(learned):
    def break_it(x):
        return 2.0 * np.diff(x, n=2, prepend=[0.0, 0.0])

    watch, said = watched(break_it(room(150, seed=1)), watch=learned)
    assert watch.sure
    assert said[-1] is Quality.SWAPPED
    watch, said = watched(break_it(room(60, seed=2)), watch=accept(watch))
    assert not any(said)
    watch, said = watched(room(60, seed=3), watch=watch)
    assert not any(said)
    _, said = watched(break_it(room(60, seed=4)), watch=watch)
    assert not any(said)


def test_an_accepted_step_of_the_gain_is_over_at_once(learned):
    watch, said = watched(0.5 * room(60, seed=1), watch=learned)
    assert said[-1] is Quality.GAIN_STEP
    _, said = watched(0.5 * room(60, seed=2), watch=accept(watch))
    assert not any(said)


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_ear_stays_well_through_louder_knocks_and_speech_like_bursts(learned, seed):
    x = room(60, seed=10 + seed)
    rng = np.random.default_rng(seed)
    for at in rng.integers(0, len(x) - RATE, 12):
        x[at : at + RATE // 2] += 0.1 * rng.normal(0, 1, RATE // 2) * np.hanning(RATE // 2)
    _, said = watched(x, watch=learned)
    assert not any(said)


def test_a_room_that_grows_louder_in_some_bands_only_has_no_new_gain(learned):
    rng = np.random.default_rng(3)
    lower = sosfilt(butter(2, 300, fs=RATE, output="sos"), rng.normal(0, 0.03, 20 * RATE))
    _, said = watched(room(20, seed=4) + lower, watch=learned)
    assert Quality.GAIN_STEP not in said


def test_a_slow_change_of_level_is_no_fault(learned):
    slow = 10 ** (np.linspace(0, 6, 120 * RATE) / 20)
    _, said = watched(room(120, seed=5) * slow, watch=learned)
    assert not any(said)


def test_a_machine_that_is_started_is_the_new_normal_after_a_minute(learned):
    rng = np.random.default_rng(6)
    machine = sosfilt(butter(2, [300, 900], "bandpass", fs=RATE, output="sos"), rng.normal(0, 1.0, 80 * RATE))
    watch, said = watched(room(80, seed=7) + machine, watch=learned)
    assert Quality.SWAPPED in said
    assert said[-1] is None
    watch, said = watched(room(60, seed=8), watch=watch)  # it stops, and both are known
    assert said[-1] is None
    _, said = watched(room(60, seed=9) + machine[: 60 * RATE], watch=watch)
    assert not any(said)


def test_one_buffer_over_and_over_is_frozen_and_quiet_sound_of_few_steps_is_not():
    rng = np.random.default_rng(8)
    piece = rng.normal(0, 0.1, 160).astype(np.float32)
    assert repeats(np.resize(piece, RATE))
    assert not repeats(rng.normal(0, 0.1, RATE).astype(np.float32))
    assert not repeats((np.round(rng.normal(0, 2, RATE)) / 32768).astype(np.float32))
    assert not repeats(np.zeros(RATE, np.float32))
    assert not repeats(np.zeros(3, np.float32))
    _, (report,) = ear_step(EarState(RATE), np.resize(piece, RATE))
    assert Quality.FROZEN in report.quality


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_a_second_of_any_rate_is_finite_numbers(rate):
    rng = np.random.default_rng(9)
    for sound in (rng.normal(0, 0.1, rate), np.zeros(rate), np.ones(rate)):
        second = second_of(sound.astype(np.float32), rate)
        assert np.isfinite(second.bands).all()
        assert np.isfinite(second.lines).all()
        assert (second.beside > 0).all()
        assert np.isfinite(second.power)
        assert np.isfinite(second.blocks_db).all()
