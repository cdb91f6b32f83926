import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.embedding import ModelError, OnnxEmbedding, load_embedding, windows
from models.model_folder import VARIABLE
from models.onnx_file import Graph

WINDOW, SIZE, RATE = 64, 4, 16_000


def a_model(path, weight=1.0):
    """Each output is the sum of a quarter of the window, times `weight`."""
    matrix = np.kron(np.eye(SIZE), np.ones((WINDOW // SIZE, 1))).astype(np.float32) * np.float32(weight)
    graph = Graph("tiny")
    graph.node("MatMul", ["sound", graph.weights("m", matrix)], output="vector")
    path.write_bytes(graph.file(("sound", (1, WINDOW)), ("vector", (1, SIZE))))
    return path


def a_card(folder, **changes):
    model = folder / "tiny.onnx"
    if not model.exists():
        a_model(model)
    fields = {
        "format": 1, "name": "tiny", "version": 1, "file": "tiny.onnx",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "rate": RATE, "window": WINDOW, "shortest": WINDOW,
        "front_end": {"kind": "waveform"}, "input": "sound", "shape": [1, "samples"], "output": "vector", "size": SIZE,
        "pooling": "mean", "licence": "Apache-2.0", "credit": "nobody", "source": "made by this test",
    }  # fmt: skip
    path = folder / "tiny.json"
    path.write_text(json.dumps(fields | changes))
    return path


def test_a_window_becomes_the_vector_of_the_model(tmp_path):
    embedding = OnnxEmbedding(a_card(tmp_path))

    vector = embedding.embed(np.arange(WINDOW, dtype=np.float32), RATE)

    assert vector.tolist() == [120, 376, 632, 888]
    assert (embedding.name, embedding.rate, embedding.size) == ("tiny", RATE, SIZE)
    assert embedding.sha256 == hashlib.sha256((tmp_path / "tiny.onnx").read_bytes()).hexdigest()


def test_longer_sound_is_the_mean_of_windows_that_overlap_by_half_and_end_with_it(tmp_path):
    embedding = OnnxEmbedding(a_card(tmp_path))
    sound = np.arange(WINDOW + 50, dtype=np.float32)

    vector = embedding.embed(sound, RATE)

    parts = [embedding.embed(sound[start : start + WINDOW], RATE) for start in (0, 32, 50)]
    np.testing.assert_allclose(vector, np.mean(parts, axis=0), rtol=1e-6)


def test_a_card_may_ask_for_the_largest_instead_of_the_mean(tmp_path):
    embedding = OnnxEmbedding(a_card(tmp_path, pooling="max"))
    sound = np.arange(2 * WINDOW, dtype=np.float32)

    assert embedding.embed(sound, RATE).tolist() == embedding.embed(sound[WINDOW:], RATE).tolist()


def test_shorter_sound_is_filled_with_silence(tmp_path):
    assert OnnxEmbedding(a_card(tmp_path)).embed(np.ones(20, np.float32), RATE).tolist() == [16, 4, 0, 0]


def test_sound_of_another_rate_is_resampled(tmp_path):
    embedding = OnnxEmbedding(a_card(tmp_path))

    vector = embedding.embed(np.ones(3 * WINDOW, np.float32), 3 * RATE)

    np.testing.assert_allclose(vector[1:3], 16.0, rtol=1e-3)  # the ends feel the silence around


@pytest.mark.parametrize("sound", [[], [np.nan], [0.0, np.inf]])
def test_what_is_no_sound_is_the_caller_s_fault(tmp_path, sound):
    with pytest.raises(ValueError, match="finite samples"):
        OnnxEmbedding(a_card(tmp_path)).embed(np.array(sound, np.float32), RATE)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sha256": "0" * 64}, r"tiny\.onnx: found sha256 [0-9a-f]{12}\.\.\., its card wants 000000000000"),
        ({"sha256": "short"}, r"tiny\.json: sha256: "),
        ({"format": 2}, r"tiny\.json: format: "),
        ({"file": "../tiny.onnx"}, r"tiny\.json: file: "),
        ({"file": "other.onnx"}, r"other\.onnx: no model here"),
        ({"input": "noise"}, r"found input \['sound'\] and output \['vector'\], wanted noise and vector"),
        ({"size": 5}, r"found 4 numbers, wanted 5"),
        ({"window": 32, "shortest": 32}, r"the model failed"),
        ({"shortest": 65}, r"shortest 65 is longer than window 64"),
        ({"shape": [1, "frames", "bands"]}, r"shape must name samples once"),
        ({"mood": "good"}, r"tiny\.json: mood: Extra inputs"),
    ],
)
def test_a_card_that_does_not_fit_its_model_is_refused(tmp_path, changes, sentence):
    with pytest.raises(ModelError, match=sentence) as fault:
        OnnxEmbedding(a_card(tmp_path, **changes))

    assert "\n" not in str(fault.value)


def test_a_model_whose_answer_is_not_finite_is_refused(tmp_path):
    a_model(tmp_path / "tiny.onnx", weight=3e38)

    with pytest.raises(ModelError, match="the output is not finite"):
        OnnxEmbedding(a_card(tmp_path)).embed(np.ones(WINDOW, np.float32), RATE)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(b"not a model")

    with pytest.raises(ModelError, match="not a usable ONNX model"):
        OnnxEmbedding(a_card(tmp_path))


def test_a_card_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ModelError, match="no card of a model here"):
        OnnxEmbedding(tmp_path / "tiny.json")


def test_a_model_is_found_by_its_name_in_the_folder_given_or_of_the_environment(tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    a_card(tmp_path / "tiny")
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    assert load_embedding("tiny", tmp_path).name == load_embedding("tiny").name == "tiny"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("aisfx", "build it once: wheeltapper models build aisfx"),
        ("nothing", "no such model here"),
        ("../up", "no name of a model"),
    ],
)
def test_a_model_that_is_not_there_is_said_with_what_to_do(tmp_path, name, sentence):
    with pytest.raises(ModelError, match=sentence):
        load_embedding(name, tmp_path)


@given(st.integers(1, 500), st.integers(1, 64), st.integers(1, 64))
@settings(max_examples=100, deadline=None)
def test_windows_cover_every_sample_and_are_never_longer_or_shorter_than_asked(n, a, b):
    shortest, longest = sorted((a, b))
    sound = np.arange(n, dtype=np.float32)

    cut = windows(sound, longest, shortest)

    assert all(shortest <= len(one) <= longest for one in cut)
    heard = set(np.concatenate(cut).tolist())
    assert heard >= set(sound.tolist())
