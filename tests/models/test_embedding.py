import hashlib
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.embedding import LogMelEmbedding, ModelError, OnnxEmbedding

WINDOW, SIZE = 64, 4


def a_model(path, weight=1.0):
    """Each output is the sum of a quarter of the window, times `weight`."""
    matrix = np.kron(np.eye(SIZE), np.ones((WINDOW // SIZE, 1))).astype(np.float32) * np.float32(weight)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["sound", "m"], ["vector"])], "tiny",
        [helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, WINDOW])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, SIZE])],
        [numpy_helper.from_array(matrix, "m")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def a_card(folder, **changes):
    model = folder / "tiny.onnx"
    if not model.exists():
        a_model(model)
    fields = {
        "format": 1, "name": "tiny", "version": 1, "file": "tiny.onnx",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "rate": 16_000, "window": WINDOW, "input": "sound",
        "output": "vector", "size": SIZE, "licence": "Apache-2.0", "source": "made by this test",
    }  # fmt: skip
    path = folder / "tiny.json"
    path.write_text(json.dumps(fields | changes))
    return path


def test_a_window_becomes_the_vector_of_the_model(tmp_path):
    embedding = OnnxEmbedding(a_card(tmp_path))

    vector = embedding.embed(np.arange(WINDOW, dtype=np.float32))

    assert vector.tolist() == [120, 376, 632, 888]
    assert (embedding.name, embedding.rate, embedding.size) == ("tiny", 16_000, SIZE)


def test_longer_sound_is_the_mean_of_windows_that_overlap_by_half_and_end_with_it(tmp_path):
    embedding = OnnxEmbedding(a_card(tmp_path))
    sound = np.arange(WINDOW + 50, dtype=np.float32)

    vector = embedding.embed(sound)

    wanted = np.mean([embedding.embed(sound[start : start + WINDOW]) for start in (0, 32, 50)], axis=0)
    np.testing.assert_allclose(vector, wanted, rtol=1e-6)


def test_shorter_sound_is_filled_with_silence(tmp_path):
    assert OnnxEmbedding(a_card(tmp_path)).embed(np.ones(20, np.float32)).tolist() == [16, 4, 0, 0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sha256": "0" * 64}, r"tiny\.onnx: found sha256 [0-9a-f]{12}\.\.\., wanted 000000000000"),
        ({"sha256": "short"}, r"tiny\.json: sha256: "),
        ({"format": 2}, r"tiny\.json: format: "),
        ({"file": "../tiny.onnx"}, r"tiny\.json: file: "),
        ({"file": "other.onnx"}, r"other\.onnx: no model here"),
        ({"input": "noise"}, r"found input \['sound'\] and output \['vector'\], wanted noise and vector"),
        ({"size": 5}, r"found 4 numbers, wanted 5"),
        ({"window": 32}, r"the model failed"),
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
        OnnxEmbedding(a_card(tmp_path))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(b"not a model")

    with pytest.raises(ModelError, match="not a usable ONNX model"):
        OnnxEmbedding(a_card(tmp_path))


def test_a_card_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ModelError, match="no card of a model here"):
        OnnxEmbedding(tmp_path / "tiny.json")


def test_the_model_made_here_is_a_valid_one(tmp_path):
    onnx.checker.check_model(onnx.load(a_model(tmp_path / "tiny.onnx")))


@pytest.mark.parametrize("length", [1, 500, 16_000])
def test_log_mel_embeds_sound_of_any_length_without_weights(length):
    embedding = LogMelEmbedding(16_000)

    vector = embedding.embed(np.random.default_rng(0).normal(0, 0.1, length).astype(np.float32))

    assert vector.shape == (embedding.size,) == (128,)
    assert np.isfinite(vector).all()


def test_log_mel_leaves_loudness_out():
    embedding, sound = LogMelEmbedding(16_000), np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)

    np.testing.assert_allclose(embedding.embed(sound), embedding.embed(sound * 0.1), atol=1e-3)
