"""A bad tooth is told from a sound gear, from knocks, and from a bearing; wear of all teeth is not called."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.diagnosis.gears import FM4_LEAST, examine_gear

RATE, TEETH = 16_000, 23


def gearbox(seed=1, bad=0.0, knocks=0, seconds=4.0, sidebands=0.3, order=None):
    """Mesh with eccentric sidebands in noise; a bad tooth once a turn, knocks at random, a bearing at `order`."""
    chance = np.random.default_rng(seed)
    shaft_hz = chance.uniform(14, 40)
    turns = shaft_hz * np.arange(int(seconds * RATE)) / RATE + chance.random()
    x = chance.standard_normal(len(turns))
    for h, strength in ((1, 1.5), (2, 0.6), (3, 0.3)):
        x += strength * (1 + sidebands * np.cos(2 * np.pi * turns)) * np.sin(2 * np.pi * h * TEETH * turns + h)
    for k in (1, 2, 3):
        x += np.cos(2 * np.pi * k * turns + k)
    ring = np.exp(-np.arange(80) / 14) * np.sin(np.arange(80) * 1.1)
    starts = {bad: np.arange(1, int(turns[-1])), 15.0 * bool(knocks): np.sort(chance.uniform(1, turns[-1], knocks))}
    if order:
        starts[4.0] = np.cumsum(1 + 0.01 * chance.standard_normal(int(turns[-1] * order) - 4)) / order + turns[0]
    for strength, at in starts.items():
        for start in np.interp(at, turns, np.arange(len(x))).astype(int):
            x[start : start + 80] += strength * ring[: len(x[start : start + 80])]
    return x, shaft_hz


@pytest.mark.parametrize("seed", range(6))
def test_a_bad_tooth_is_found_by_what_it_leaves_in_each_turn(seed):
    x, shaft_hz = gearbox(seed, bad=4.0)

    found = examine_gear(x, RATE, shaft_hz * 1.002, TEETH)

    assert found is not None
    assert found.called
    assert found.mesh_hz == pytest.approx(TEETH * shaft_hz, rel=2e-4)
    assert found.mesh_snr_db[0] > 20
    assert found.p_value == 1 / 40
    assert f"{found.mesh_hz:.1f} Hz = 23 teeth" in found.reason


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [{}, {"knocks": 12}, {"sidebands": 0.9}, {"order": 3.585}])
def test_a_sound_gear_is_not_called_whatever_else_is_heard(seed, kind):
    x, shaft_hz = gearbox(seed, **kind)

    found = examine_gear(x, RATE, shaft_hz, TEETH)

    assert found is not None
    assert not found.called
    assert found.fm4 < FM4_LEAST or found.repeat < 0.2


def test_the_sidebands_of_an_eccentric_gear_are_measured():
    x, shaft_hz = gearbox(sidebands=0.6)

    found = examine_gear(x, RATE, shaft_hz, TEETH)

    assert found is not None
    assert found.sideband_db == pytest.approx(20 * np.log10(0.3), abs=1)  # half of the modulation on either side


def test_without_a_mesh_or_with_few_turns_there_is_nothing_to_say():
    noise = np.random.default_rng(3).standard_normal(4 * RATE)

    assert examine_gear(noise, RATE, 25.0, TEETH) is None
    assert examine_gear(noise[: RATE // 2], RATE, 25.0, TEETH) is None
    assert examine_gear(np.zeros(4 * RATE), RATE, 25.0, TEETH) is None


def test_teeth_no_gear_has_are_refused():
    with pytest.raises(ValueError, match="gear: found 2 teeth"):
        examine_gear(np.zeros(RATE), RATE, 25.0, 2)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([-1.0, 1e-9, 1e9]), st.integers(0, 3))
def test_neither_gain_nor_polarity_matter(gain, seed):
    x, shaft_hz = gearbox(seed, bad=3.0, seconds=3.0)

    plain, other = examine_gear(x, RATE, shaft_hz, TEETH), examine_gear(gain * x, RATE, shaft_hz, TEETH)

    assert plain is not None
    assert other is not None
    assert other.fm4 == pytest.approx(plain.fm4, rel=1e-6)
    assert other.mesh_snr_db == plain.mesh_snr_db
