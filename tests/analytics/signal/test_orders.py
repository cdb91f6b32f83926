"""Order tracking: the turns of a shaft read from a line of its own, and records at equal angles."""

import numpy as np
import pytest

from analytics.diagnosis.bearings import lookup
from analytics.diagnosis.joint import diagnose
from analytics.signal.orders import NoLineError, tracked, turns_of, wander

RATE = 10_000
BEARING = lookup("6205")


def run(swing, seconds=8.0, order=None, seed=1):
    """Sound of a machine at 25 Hz whose speed swings by a share; and the turns it truly made."""
    chance = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    turns = np.cumsum(25 * (1 + swing * np.sin(2 * np.pi * 0.15 * t))) / RATE
    x = chance.standard_normal(len(t)) + sum(np.cos(2 * np.pi * k * turns + k) for k in (1, 2, 3))
    x += 0.7 * np.cos(2 * np.pi * 23 * turns)
    if order is not None:
        at = np.cumsum(1 + 0.005 * chance.standard_normal(int(turns[-1] * order) - 4)) / order
        ring = 5 * np.exp(-np.arange(60) / 12) * np.sin(np.arange(60) * 1.7)
        for start in np.interp(at, turns, np.arange(len(t))).astype(int):
            x[start : start + 60] += ring[: len(x[start : start + 60])]
    return x, turns


@pytest.mark.parametrize("swing", [0.0, 0.02, 0.1])
def test_the_turns_are_read_from_the_shafts_own_line(swing):
    x, turns = run(swing)

    found = turns_of(x, RATE, 25.0, 1.0)

    middle = slice(len(x) // 20, -len(x) // 20)
    off = (found - turns)[middle]
    assert np.ptp(off) < 0.12
    assert np.all(np.diff(found) >= 0)


def test_a_second_line_of_higher_order_makes_it_finer():
    x, _ = run(0.05)
    coarse = turns_of(x, RATE, 25.0, 1.0)

    angle, rate, mean_hz = tracked(x, RATE, 25.0, (1.0, 23.0))

    assert mean_hz == pytest.approx((coarse[-1] - coarse[0]) / 8, rel=0.02)
    lines = np.abs(np.fft.rfft(angle * np.hanning(len(angle)))) ** 2
    mesh = round(23 * mean_hz / rate * len(angle))
    # All of the line in four bins: in time it would be spread over fifty.
    assert lines[mesh - 2 : mesh + 3].sum() > 0.9 * lines[mesh - 30 : mesh + 31].sum()


def test_a_fault_that_a_wandering_speed_hides_is_found_at_equal_angles():
    x, _ = run(0.05, order=BEARING.bpfo)
    assert not diagnose(x, RATE, 1500.0, 0.02, BEARING).called

    angle, rate, shaft_hz = tracked(x, RATE, 25.0, (1.0,))

    assert diagnose(angle, rate, 60 * shaft_hz, 0.02, BEARING).name == "outer race"


def test_wander_says_how_far_a_shaft_strays():
    assert wander(run(0.0)[0], RATE, 25.0) < 0.15
    # 0.05 x 25 Hz swung at 0.15 Hz: to either side 0.05 * 25 / (2 pi 0.15) turns
    assert wander(run(0.05)[0], RATE, 25.0) == pytest.approx(2 * 0.05 * 25 / (2 * np.pi * 0.15), rel=0.35)


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(1).standard_normal(4 * RATE),
        np.zeros(4 * RATE),
        np.zeros(100),
        np.ones(1),
    ],
)
def test_where_there_is_no_line_nothing_is_followed(x):
    with pytest.raises(NoLineError, match="order tracking: "):
        turns_of(x, RATE, 25.0, 1.0)


def test_a_line_above_the_spectrum_is_refused():
    with pytest.raises(NoLineError, match="below half the rate"):
        turns_of(run(0.0)[0], RATE, 25.0, 400.0)
