"""`wheeltapper enrol`, and `teach --sisters`, as a person types them."""

import json

import pytest

from gateway.cli.app import main
from models.recipe import load


@pytest.fixture
def recipe(plant, tmp_path, record, capsys):
    for index in range(3):
        record(tmp_path / "crack" / f"{index}.wav", f"P{index}")
        record(tmp_path / "dent" / f"{index}.wav", f"Q{index}")
    assert (
        main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), "--defect", f"crack={tmp_path / 'crack'}"])
        == 0
    )
    capsys.readouterr()
    return tmp_path / "r"


def test_a_defect_is_added_and_taken_back(recipe, tmp_path, capsys):
    assert main(["enrol", str(recipe), "--defect", f"dent={tmp_path / 'dent'}", "--anyway", "--who", "Ada"]) == 0
    assert capsys.readouterr().out.startswith(f"{recipe}, version 2, from 16 good parts and 3 crack and 3 dent")
    assert load(recipe).model.defects == ("crack", "dent")

    assert main(["enrol", str(recipe), "--undo", "--who", "Ada", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 1
    assert load(recipe).model.defects == ("crack",)
    noted = [json.loads(line) for line in (recipe / "activations.jsonl").read_text("utf-8").splitlines()]
    assert [(one["who"], one["version"]) for one in noted[1:]] == [("Ada", 2), ("Ada", 1)]


def test_no_old_recording_is_needed(recipe, tmp_path, plant):
    (plant / "good").rename(tmp_path / "gone")
    try:
        assert main(["enrol", str(recipe), "--defect", f"dent={tmp_path / 'dent'}", "--anyway", "--who", "Ada"]) == 0
    finally:
        (tmp_path / "gone").rename(plant / "good")


def test_the_same_recording_twice_is_refused_and_nothing_is_written(recipe, tmp_path, capsys):
    assert main(["enrol", str(recipe), "--defect", f"dent={tmp_path / 'crack'}", "--who", "Ada"]) == 1

    assert "crack/0.wav, taught as crack" in capsys.readouterr().err
    assert load(recipe).version == 1


def test_what_makes_parts_left_out_worse_is_refused_with_the_figures(recipe, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "gateway.cli.enrol.worse", lambda before, after: ["crack: 0 of 3 found when left out, 3 of 3 before"]
    )

    assert main(["enrol", str(recipe), "--defect", f"dent={tmp_path / 'dent'}", "--who", "Ada"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "crack: 0 of 3 found when left out, 3 of 3 before"
    assert said[1] == f"{recipe} stays at version 1; --anyway takes it so"
    assert load(recipe).version == 1


def test_nothing_to_undo_is_said(recipe, capsys):
    assert main(["enrol", str(recipe), "--undo", "--who", "Ada"]) == 3
    assert "nothing to undo" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["--undo", "--defect", "dent=x"]])
def test_one_thing_at_a_time(recipe, given):
    assert main(["enrol", str(recipe), *given]) == 2


@pytest.fixture
def sisters(tmp_path, record, capsys):
    for unit in "ab":
        for index in range(12):
            record(tmp_path / unit / f"start{index % 3}" / f"{index}.wav", f"{unit}{index}")
        assert main(["teach", str(tmp_path / f"r{unit}"), "--good", str(tmp_path / unit)]) == 0
    for index in range(9):
        record(tmp_path / "new" / f"start{index % 3}" / f"{index}.wav", f"N{index}")
    capsys.readouterr()
    return [str(tmp_path / "ra"), str(tmp_path / "rb")]


def test_a_new_unit_is_taught_from_its_sisters(sisters, tmp_path, capsys):
    assert main(["teach", str(tmp_path / "r"), "--good", str(tmp_path / "new"), "--sisters", *sisters]) == 0

    out = capsys.readouterr().out
    assert "3 groups of its own prove no better than 25 % false rejects on average" in out
    assert "lent by ra v1" in out
    assert load(tmp_path / "r").report.sisters[1].startswith("rb v1")


def test_defects_of_sisters_are_said_to_stay_behind(sisters, tmp_path, capsys, record):
    for index in range(3):
        record(tmp_path / "crack" / f"{index}.wav", f"P{index}")
    assert main(["enrol", sisters[0], "--defect", f"crack={tmp_path / 'crack'}", "--anyway", "--who", "Ada"]) == 0
    assert main(["teach", str(tmp_path / "r"), "--good", str(tmp_path / "new"), "--sisters", *sisters]) == 0

    assert "knows crack: not carried over" in capsys.readouterr().err
    assert load(tmp_path / "r").model.defects == ()


def test_one_start_up_alone_is_refused(sisters, tmp_path, capsys, record):
    for index in range(9):
        record(tmp_path / "alone" / f"{index}.wav", f"N{index}")
    assert main(["teach", str(tmp_path / "r"), "--good", str(tmp_path / "alone"), "--sisters", *sisters]) == 1

    assert "a new unit needs 2 at least" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_recipe_on_its_sisters_takes_no_further_defects(sisters, tmp_path, capsys, record):
    record(tmp_path / "crack" / "0.wav", "P0")
    assert main(["teach", str(tmp_path / "r"), "--good", str(tmp_path / "new"), "--sisters", *sisters]) == 0
    assert main(["enrol", str(tmp_path / "r"), "--defect", f"crack={tmp_path / 'crack'}", "--who", "Ada"]) == 1

    assert "stands on its sisters" in capsys.readouterr().err
