"""Endless sound: whole = pieces, for any cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.synthesis.streams import Ambience, MachineSound

RATE = 16_000
PUMP = MachineSound(seed=3, rate=RATE, rpm=1480, fault_at_s=20.0)
HALL = Ambience("castings", 3, RATE)


@settings(max_examples=40)
@given(start=st.integers(0, 60 * RATE), cuts=st.lists(st.integers(1, 900), min_size=1, max_size=12))
def test_however_a_stream_is_cut_it_is_the_same_to_the_last_bit(start, cuts):
    for sound in (PUMP, HALL):
        whole = sound.block(start, sum(cuts))

        ends = np.cumsum(cuts)
        pieces = [sound.block(start + int(end) - n, n) for end, n in zip(ends, cuts, strict=True)]

        assert np.array_equal(whole, np.concatenate(pieces))


def test_the_fault_begins_when_it_is_told_to_and_grows():
    well = MachineSound(seed=3, rate=RATE, rpm=1480)

    def level(sound, second):
        return 10 * np.log10(np.mean(sound.block(second * RATE, RATE) ** 2))

    assert np.array_equal(PUMP.block(0, 20 * RATE), well.block(0, 20 * RATE))
    assert level(PUMP, 22) < level(PUMP, 24) < level(PUMP, 27)
    assert level(PUMP, 30) - level(well, 30) > 5
    assert abs(level(PUMP, 40) - level(PUMP, 30)) < 0.5


def test_the_pump_never_clips_and_the_hall_is_far_below_a_part():
    assert np.abs(PUMP.block(26 * RATE, 30 * RATE)).max() < 1.0
    hall = HALL.block(0, 10 * RATE)
    assert -56 < 10 * np.log10(np.mean(hall**2)) < -48


def test_a_hall_goes_round_without_a_seam():
    once_and_more = HALL.block(0, 8 * RATE)

    steps = np.abs(np.diff(once_and_more))
    assert steps.max() < 6 * np.sqrt(np.mean(steps**2))


def test_what_nobody_simulates_is_refused():
    with pytest.raises(ValueError, match="lathe"):
        MachineSound(kind="lathe")
    with pytest.raises(ValueError, match="lathe"):
        Ambience("lathe", 1, RATE)
    with pytest.raises(ValueError, match="rpm"):
        MachineSound(rpm=0)
