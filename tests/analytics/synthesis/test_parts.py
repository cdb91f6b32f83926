"""Simulated parts: what is true of them, and that sound follows from it alone."""

import numpy as np
import pytest

from analytics.synthesis.gearmotor import GEARMOTOR_DEFECTS
from analytics.synthesis.parts import DISTURBANCES, part_length, part_sound, part_truth

RATE = 48_000


@pytest.mark.parametrize("kind", ["castings", "gearmotors"])
def test_the_same_part_sounds_the_same_every_time_and_another_part_does_not(kind):
    first = part_sound(kind, 3, "P7", RATE)

    assert np.array_equal(first.samples, part_sound(kind, 3, "P7", RATE).samples)
    assert first.samples.dtype == np.float32
    for other in (part_sound(kind, 3, "P8", RATE), part_sound(kind, 4, "P7", RATE)):
        assert not np.array_equal(first.samples[: len(other.samples)], other.samples[: len(first.samples)])


@pytest.mark.parametrize("kind", ["castings", "gearmotors"])
def test_about_a_tenth_of_the_parts_is_defective_and_every_defect_comes(kind):
    truths = [part_truth(kind, 1, f"P{i}") for i in range(3000)]

    share = np.mean([not truth.good for truth in truths])
    assert 0.08 < share < 0.12
    wanted = {"crack"} if kind == "castings" else set(GEARMOTOR_DEFECTS)
    assert {truth.defect for truth in truths if not truth.good} == wanted
    assert all(truth.defect is None for truth in truths if truth.good)


def test_gearmotors_alone_are_disturbed_and_a_disturbed_one_is_good_in_itself():
    gearmotors = [part_truth("gearmotors", 1, f"P{i}") for i in range(3000)]
    castings = [part_truth("castings", 1, f"P{i}") for i in range(3000)]

    disturbed = [truth for truth in gearmotors if truth.disturbance]
    assert 0.025 < len(disturbed) / 3000 < 0.055
    assert {truth.disturbance for truth in disturbed} == set(DISTURBANCES)
    assert all(truth.good for truth in disturbed)
    assert not any(truth.disturbance for truth in castings)


def test_a_part_whose_id_begins_with_t_is_always_good_and_undisturbed():
    truths = [part_truth("gearmotors", 1, f"T{i}") for i in range(500)]

    assert all(truth.good and truth.defect is None and truth.disturbance is None for truth in truths)


@pytest.mark.parametrize("kind", ["castings", "gearmotors"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_any_rate_gives_whole_finite_sound_that_never_clips(kind, rate):
    for i in range(8):
        sound = part_sound(kind, 2, f"P{i}", rate)

        assert len(sound.samples) >= part_length(kind, rate)
        assert np.isfinite(sound.samples).all()
        assert 0.05 < np.abs(sound.samples).max() < 1.0


def test_a_disturbance_begins_before_the_part_and_ends_after_it():
    name = next(f"P{i}" for i in range(1000) if part_truth("gearmotors", 1, f"P{i}").disturbance)

    sound = part_sound("gearmotors", 1, name, RATE)

    part = part_length("gearmotors", RATE)
    before, after = sound.samples[: sound.lead], sound.samples[sound.lead + part :]
    assert sound.lead > 0
    assert np.sqrt(np.mean(before**2)) > 0.01
    assert np.sqrt(np.mean(after**2)) > 0.01


def test_a_cracked_casting_rings_shorter_than_a_good_one():
    def late(part_id):
        samples = part_sound("castings", 1, part_id, RATE).samples
        return 10 * np.log10(np.mean(samples[7200:] ** 2) / np.mean(samples**2))

    names = [f"P{i}" for i in range(200)]
    good = [late(name) for name in names if part_truth("castings", 1, name).good]
    cracked = [late(name) for name in names if not part_truth("castings", 1, name).good]

    assert np.median(cracked) < np.median(good) - 3


def test_a_kind_nobody_simulates_is_refused_by_name():
    with pytest.raises(ValueError, match="bottles"):
        part_truth("bottles", 1, "P1")
