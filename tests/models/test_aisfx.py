import os
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest

from models.aisfx import CHECKPOINT, REFERENCE, SHORTEST, build, folded, graph_file, reference_sounds
from models.embedding import load_embedding
from models.model_card import ModelError


def weights():
    chance, found, before = np.random.default_rng(0), {}, 1
    for block, channels in enumerate((64, 128, 256, 512), 1):
        for half in (1, 2):
            found[f"embedding_net.conv_block{block}.conv{half}.weight"] = np.zeros((channels, before, 3, 3), np.float32)
            for part in ("weight", "bias", "running_mean", "running_var"):
                found[f"embedding_net.conv_block{block}.bn{half}.{part}"] = chance.uniform(0.5, 1, channels)
            before = channels
    return found


def test_the_network_is_valid_and_answers_512_numbers():
    model = onnx.load_from_string(graph_file(weights()))

    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node].count("Conv") == 8


def test_folding_gives_what_the_two_layers_gave():
    chance = np.random.default_rng(0)
    layers = {"c.weight": chance.normal(size=(2, 1, 3, 3))}
    layers |= {f"b.{part}": chance.uniform(0.5, 2, 2) for part in ("weight", "bias", "running_mean", "running_var")}
    x = chance.normal(size=(3, 3))

    kernel, bias = folded(layers, "c", "b")

    before = np.einsum("oij,ij->o", layers["c.weight"][:, 0], x)
    wanted = layers["b.weight"] * (before - layers["b.running_mean"]) / np.sqrt(layers["b.running_var"] + 1e-5)
    np.testing.assert_allclose(np.einsum("oij,ij->o", kernel[:, 0], x) + bias, wanted + layers["b.bias"], rtol=1e-5)


def test_a_checkpoint_without_a_layer_is_refused():
    with pytest.raises(ModelError, match=r"holds no 'c\.weight'"):
        folded({}, "c", "b")


def test_another_package_is_refused_and_nothing_is_written(tmp_path):
    wheel, models = tmp_path / "aisfx-9.whl", tmp_path / "models"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(CHECKPOINT, b"other weights")

    with pytest.raises(ModelError, match=r"weights have sha256 [0-9a-f]{12}\.\.\., wanted 499ea75909c9"):
        build(wheel, models)

    assert not models.exists()


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_what_is_no_package_is_one_sentence(tmp_path, content):
    wheel = tmp_path / "a.whl"
    if content:
        wheel.write_bytes(content)

    with pytest.raises(ModelError, match=r"package file of aisfx==0\.1\.2"):
        build(wheel, tmp_path)


def test_the_stored_reference_belongs_to_the_reference_sounds():
    with np.load(REFERENCE) as stored:
        assert set(stored) == set(reference_sounds())
        assert {stored[name].shape for name in stored} == {(512,)}


def test_the_package_builds_to_what_the_original_answers(tmp_path):
    """The whole way; needs the package, e.g. by ``pip download --no-deps aisfx==0.1.2``."""
    wheel = Path(os.environ.get("WHEELTAPPER_AISFX_WHEEL", "aisfx-0.1.2-py2.py3-none-any.whl"))
    if not wheel.is_file():
        pytest.skip("the package of aiSFX is not here; name it in WHEELTAPPER_AISFX_WHEEL")

    build(wheel, tmp_path)  # compares with the reference, and raises where it differs

    embedding = load_embedding("aisfx", tmp_path)
    vector = embedding.embed(np.zeros(SHORTEST, np.float32), 44_100)
    assert vector.shape == (512,)
    assert (vector >= 0).all()
