"""What is marked in the picture of a part is what was changed in its sound."""

import numpy as np
import pytest

from analytics.decision.judge import align, features_of
from analytics.decision.regions import course_of, differences, regions_of
from analytics.features.log_mel import Level, Profile
from analytics.signal.capture import Capture
from models.taught import TaughtPart, TeachSettings
from models.teach import learn

RATE = 48_000


def struck(seed, third_hz=6000.0, third=0.1):
    rng = np.random.default_rng(seed)
    t = np.arange(RATE * 3 // 10) / RATE
    ring = sum(a * np.exp(-t / d) * np.sin(2 * np.pi * hz * t) for a, d, hz in
               ((0.3, 0.05, 1500.0), (0.2, 0.04, 3000.0), (third, 0.03, third_hz)))  # fmt: skip
    quiet = RATE // 10
    sound = np.zeros(len(t) + 2 * quiet)
    sound[quiet : quiet + len(t)] = ring * rng.normal(1, 0.03)
    sound += 1e-3 * rng.standard_normal(len(sound))
    return Capture(sound.astype(np.float32), RATE, quiet, quiet + len(t))


@pytest.fixture(scope="module")
def model():
    parts = [TaughtPart(f"{seed}.wav", struck(seed)) for seed in range(24)]
    return learn(parts, TeachSettings(Profile.KNOCK, Level.ABSOLUTE)).model


def regions(model, capture):
    features = features_of(capture, model.front_end)
    return regions_of(features, model, course_of(align(capture, model.front_end), model))


def test_a_line_that_is_missing_is_marked_where_it_was(model):
    found = regions(model, struck(99, third=0.0))
    assert any(one.of == "level" and one.low_hz < 6000 < one.high_hz and one.change_db < -3 for one in found)
    assert all(0 <= one.begin_s < one.end_s <= model.front_end.length_s + 0.02 for one in found)


def test_a_line_that_moved_is_louder_at_its_new_place(model):
    found = regions(model, struck(99, third_hz=7500.0))
    assert any(one.of == "level" and one.low_hz < 7500 < one.high_hz and one.change_db > 3 for one in found)


def test_the_course_is_what_the_features_were_made_of(model):
    capture = struck(5)
    features = features_of(capture, model.front_end)
    course = course_of(align(capture, model.front_end), model)
    np.testing.assert_allclose(course.heard.mean(axis=0), features[:64], atol=1e-3)
    changes, spreads = differences(features, model)
    assert changes.shape == spreads.shape == (2, 64)


def test_without_sound_a_region_lasts_as_long_as_the_part(model):
    features = features_of(struck(99, third=0.0), model.front_end)
    for one in regions_of(features, model):
        assert (one.begin_s, one.end_s) == (0.0, model.front_end.length_s)
