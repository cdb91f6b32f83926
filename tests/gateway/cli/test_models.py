import json
import subprocess
import zipfile

import numpy as np
import pytest
import soundfile

from gateway.cli.app import main
from models.model_folder import VARIABLE
from tests.models.networks import RATE, a_network, put


@pytest.fixture(name="folder")
def give_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


def out_of(capsys):
    return capsys.readouterr().out


def test_list_says_what_there_is_and_what_could_be_built(folder, capsys):
    put(folder, a_network())

    assert main(["models", "list"]) == 0

    said = out_of(capsys)
    assert "mine" in said
    assert "8 numbers at 16000 Hz, 0.1 MB, Apache-2.0, hash holds" in said
    assert "aisfx: not built yet; wheeltapper models build aisfx" in said


def test_list_for_programs_is_one_object_a_model(folder, capsys):
    put(folder, a_network())

    assert main(["models", "list", "--json"]) == 0

    rows = [json.loads(line) for line in out_of(capsys).splitlines()]
    assert rows[-1]["name"] == "mine"
    assert rows[-1]["half_second_us"] > 0


def test_a_swapped_model_is_found_by_its_hash(folder, capsys):
    card = put(folder, a_network())
    card.with_name("mine.onnx").write_bytes(a_network(seed=1))

    assert main(["models", "check", "mine"]) == 3

    said = out_of(capsys).splitlines()
    assert len(said) == 1
    assert "it is another model or damaged, copy model and card again" in said[0]


def test_a_model_of_one_s_own_comes_in_by_its_card(folder, tmp_path, capsys):
    card = put(tmp_path / "download", a_network())

    assert main(["models", "import", str(card)]) == 0
    assert main(["models", "check", "mine"]) == 0

    assert "licence Apache-2.0; credit: nobody" in out_of(capsys)
    assert (folder / "mine" / "mine.onnx").is_file()


def test_importing_again_replaces_and_a_bad_one_leaves_what_stood(folder, tmp_path, capsys):
    good = put(tmp_path / "a", a_network())
    bad = put(tmp_path / "b", a_network(seed=1), size=9)
    assert main(["models", "import", str(good)]) == 0
    before = (folder / "mine" / "mine.onnx").read_bytes()

    assert main(["models", "import", str(bad)]) == 3

    assert "wanted 9 as its card says" in capsys.readouterr().err
    assert (folder / "mine" / "mine.onnx").read_bytes() == before
    assert [one.name for one in folder.iterdir()] == ["mine"]
    assert main(["models", "import", str(good)]) == 0


def test_a_shipped_name_is_not_given_twice(folder, tmp_path, capsys):
    card = put(tmp_path / "a", a_network(), name="student")

    assert main(["models", "import", str(card)]) == 3

    assert "the name of a shipped model" in capsys.readouterr().err


def test_building_from_another_package_is_one_sentence(folder, tmp_path, capsys):
    wheel = tmp_path / "aisfx.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("aisfx/models/checkpoint.pth", b"other")

    assert main(["models", "build", "aisfx", "--wheel", str(wheel)]) == 3

    assert "wanted 499ea75909c9..." in capsys.readouterr().err
    assert not folder.exists()


def test_what_is_not_built_here_is_said(folder, capsys):
    assert main(["models", "build", "yamnet"]) == 3

    assert "a model of your own: models import" in capsys.readouterr().err


def test_without_internet_the_way_by_hand_is_said(folder, capsys, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: no matching distribution\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)

    assert main(["models", "build", "aisfx"]) == 3

    said = capsys.readouterr().err
    assert "no matching distribution" in said
    assert "then --wheel FILE here" in said


def test_int8_is_kept_or_refused_with_the_figures(folder, tmp_path, capsys):
    put(folder, a_network())
    chance = np.random.default_rng(0)
    (tmp_path / "wav").mkdir()
    for index in range(20):
        soundfile.write(tmp_path / "wav" / f"{index}.wav", chance.normal(0, 0.1, RATE // 2), RATE)

    code = main(["models", "quantise", "mine", "--on", str(tmp_path / "wav"), "--json"])

    said = json.loads(out_of(capsys))
    assert said["model"] == "mine-int8"
    assert code == (0 if said["kept"] else 1)
    assert bool(said["faults"]) is not said["kept"]
    assert (folder / "mine-int8").exists() is said["kept"]
