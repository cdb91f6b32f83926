from dataclasses import replace

import numpy as np
import pytest

from analytics.quality.ambient import EDGES_HZ, ambient_bands, learn_ambient, ratio_of
from analytics.signal.capture import Capture

RATE = 16_000
N = 2 * RATE


def running(seed, level=0.1, over=None, over_level=0.0, ambient_gain=1.0):
    """Two seconds of a machine, its leak 15 dB lower in the ambient microphone 3 ms later, a hall in both."""
    rng = np.random.default_rng(seed)
    machine = rng.normal(0, level, N + 48)
    hall = rng.normal(0, 0.001, N)
    disturbance = np.zeros(N)
    if over is not None:
        disturbance[over] = rng.normal(0, over_level, N)[over]
    main = machine[48:] + hall + disturbance
    ambient = 10 ** (-15 / 20) * machine[:N] + hall + disturbance
    return Capture(main.astype(np.float32), RATE, 0, N, (), False, False, (ambient_gain * ambient).astype(np.float32))


@pytest.fixture(scope="module")
def reference():
    found = learn_ambient([running(seed) for seed in range(8)])
    assert found is not None
    return found


def test_the_machine_alone_is_no_disturbance_however_loud_it_runs(reference):
    for seed in range(20):
        assert reference.excess(running(100 + seed)) < 1.0
        assert reference.excess(running(200 + seed, level=0.4)) < 1.0


@pytest.mark.parametrize("over", [slice(0, N), slice(12_000, 14_000)])
def test_a_sound_from_elsewhere_is_noticed_10_db_under_the_machine_and_a_blow_as_loud_as_it(reference, over):
    level = 0.1 * 10 ** (-10 / 20) if over == slice(0, N) else 0.1
    assert reference.excess(running(300, over=over, over_level=level)) > 1.0


def test_a_pause_of_the_machine_is_no_disturbance(reference):
    whole = running(400)
    paused, heard = whole.samples.copy(), whole.ambient.copy()
    rng = np.random.default_rng(1)
    paused[8_000:12_000] = heard[8_000:12_000] = rng.normal(0, 0.001, 4_000)
    assert reference.excess(replace(whole, samples=paused, ambient=heard)) < 1.0


@pytest.mark.parametrize("gain", [0.0, 0.01, float("nan")])
def test_a_dead_ambient_microphone_is_no_answer(reference, gain):
    assert reference.excess(running(500, ambient_gain=gain)) is None


def test_what_no_ambient_microphone_heard_is_no_answer_and_teaches_nothing(reference):
    alone = replace(running(600), ambient=None)
    assert ratio_of(alone) is None
    assert reference.excess(alone) is None
    assert learn_ambient([*(running(seed) for seed in range(8)), alone]) is None
    assert learn_ambient([running(seed) for seed in range(3)]) is None
    short = running(601)
    assert ratio_of(replace(short, stop=100)) is None


@pytest.mark.parametrize(("rate", "bands"), [(8_000, 6), (16_000, 7), (44_100, 8), (192_000, 8)])
def test_bands_are_those_the_rate_reaches(rate, bands):
    assert ambient_bands(rate) == bands
    assert EDGES_HZ[bands] <= rate / 2
