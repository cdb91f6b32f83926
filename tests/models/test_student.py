import json

import numpy as np
import onnx
import pytest

from models.embedding import load_embedding
from models.front_end import resample
from models.model_folder import ZOO
from models.training import student_file
from models.training.sounds import SOURCES, knock, tones


@pytest.fixture(name="student", scope="module")
def give_student():
    return load_embedding("student")


def test_the_shipped_model_is_small_and_names_its_licence_and_teacher(student):
    model = onnx.load(student.path)
    weights = sum(int(np.prod(one.dims)) for one in model.graph.initializer)

    onnx.checker.check_model(model, full_check=True)
    assert weights <= 500_000
    assert student.path.stat().st_size <= 1.5e6
    assert student.card.licence == "CC-BY-4.0"
    assert "Ma and Alexander Lerch" in student.card.credit
    assert json.loads((ZOO / "student" / "student.json").read_text())["figures"]


@pytest.mark.parametrize(("n", "rate"), [(1, 44_100), (2_048, 48_000), (8_000, 16_000), (100_000, 44_100)])
def test_it_answers_sound_of_any_length_and_rate_alike_every_time(student, n, rate):
    sound = np.random.default_rng(0).normal(0, 0.1, n).astype(np.float32)

    vector = student.embed(sound, rate)

    assert vector.shape == (128,)
    assert np.isfinite(vector).all()
    np.testing.assert_array_equal(student.embed(sound, rate), vector)


def test_it_leaves_the_level_out(student):
    sound = np.random.default_rng(0).normal(0, 0.1, 22_050).astype(np.float32)

    np.testing.assert_allclose(student.embed(sound * 0.01, 44_100), student.embed(sound, 44_100), atol=1e-3)


@pytest.mark.parametrize("rate", [32_000, 48_000, 96_000])
def test_the_same_sound_lies_closest_to_itself_at_another_rate(student, rate):
    made = [source(np.random.default_rng(seed)).astype(np.float32) for seed in range(3) for source in SOURCES]
    low_passed = [resample(resample(one, 44_100, 32_000), 32_000, 44_100) for one in made]

    own = np.array([student.embed(one, 44_100) for one in low_passed])
    other = np.array([student.embed(resample(one, 44_100, rate), rate) for one in low_passed])

    distance = np.linalg.norm(own[:, None] - other[None], axis=2)
    assert np.mean(np.argmin(distance, axis=1) == np.arange(len(made))) >= 0.95


def test_knocks_lie_closer_to_knocks_than_to_tones(student):
    def vectors(kind):
        made = [kind(np.random.default_rng(seed)) for seed in range(12)]
        return np.array([student.embed((0.1 * one / np.abs(one).max()).astype(np.float32), 44_100) for one in made])

    knocks, others = vectors(knock), vectors(tones)
    centres = knocks[:6].mean(axis=0), others[:6].mean(axis=0)

    near = [np.linalg.norm(one - centres[0]) < np.linalg.norm(one - centres[1]) for one in knocks[6:]]
    far = [np.linalg.norm(one - centres[0]) > np.linalg.norm(one - centres[1]) for one in others[6:]]
    assert sum(near) + sum(far) >= 10


def test_weights_become_a_valid_model_and_card(tmp_path):
    chance, weights = np.random.default_rng(0), {}
    for index, (one, other, side) in enumerate(((1, 16, 5), (16, 32, 3), (32, 64, 3), (64, 80, 3))):
        weights[f"convolutions.{index}.weight"] = chance.normal(0, 0.1, (other, one, side, side))
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"norms.{index}.{part}"] = chance.uniform(0.5, 1, other)
    weights |= {"last.weight": np.zeros((128, 1920), np.float32), "last.bias": np.ones(128, np.float32)}

    card = student_file.write(weights, tmp_path, "other", {"seed": 1})

    onnx.checker.check_model(onnx.load(card.with_suffix(".onnx")), full_check=True)
    assert json.loads(card.read_text())["figures"] == {"seed": 1}
