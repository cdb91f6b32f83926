import json
import shutil

import numpy as np
import pytest

from gateway.cli.app import main
from gateway.processes.cut import front_end_text
from models.recipe import load, load_taught
from models.teach import scores_of
from tests.gateway.store.test_rescored import put


def test_the_card_shows_promise_limits_and_hash(plant, capsys):
    assert main(["recipe", "show", str(plant / "recipe")]) == 0

    said = capsys.readouterr().out
    for word in ("promise", "detector", "look at", "weak spot", "limit", "left out", "made", "hash", "folder"):
        assert f"\n  {word:<12} " in said


def test_json_is_the_same_card_for_programs(plant, capsys):
    assert main(["recipe", "show", str(plant / "recipe"), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["version"] == 1
    assert len(told["hash"]) == 64
    assert told["front_end"]["profile"] == "knock"


def test_a_recipe_of_another_version_of_wheeltapper_is_one_sentence(plant, tmp_path, capsys):
    shutil.copytree(plant / "recipe", tmp_path / "recipe")
    card = tmp_path / "recipe" / "v1" / "recipe.json"
    fields = json.loads(card.read_text("utf-8"))
    card.write_text(json.dumps(fields | {"format": 3, "made_by": "1.2.0"}))

    assert main(["recipe", "show", str(tmp_path / "recipe")]) == 3

    said = capsys.readouterr()
    assert "format 3, made by wheeltapper 1.2.0; this one, " in said.err
    assert said.err.endswith(", reads format 2: update wheeltapper\n")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_recipe_that_is_not_there_is_exit_code_3(tmp_path, capsys):
    assert main(["recipe", "show", str(tmp_path)]) == 3
    assert "no recipe at" in capsys.readouterr().err


@pytest.fixture
def two(plant, tmp_path, record, capsys):
    """A recipe of two versions: the second was taught with two more castings."""
    recipe = tmp_path / "recipe"
    shutil.copytree(plant / "recipe", recipe)
    good = shutil.copytree(plant / "good", tmp_path / "good")
    for index in (40, 41):
        record(good / f"{index}.wav", f"T{index}")
    assert main(["teach", str(recipe), "--good", str(good)]) == 0
    capsys.readouterr()
    return recipe


def test_versions_are_listed_with_who_put_them_to_use(two, capsys):
    assert main(["recipe", "list", str(two), "--json"]) == 0

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["version"], first["good"], first["in_use"]) == (1, 16, "")
    assert (second["version"], second["good"], second["in_use"]) == (2, 18, "in use")
    assert second["used_by"] == "wheeltapper teach"


def test_a_version_is_rolled_back_by_a_person_who_is_named(two, capsys):
    assert main(["recipe", "use", str(two), "1", "--who", "meister"]) == 0
    assert "is in use, says meister; a running gateway takes it when it is started again" in capsys.readouterr().out
    assert load(two).version == 1

    assert main(["recipe", "use", str(two), "9", "--who", "meister"]) == 3
    assert "no version 9; it has 1, 2" in capsys.readouterr().err


def test_the_difference_of_two_versions_is_said_in_words_and_numbers(two, capsys):
    assert main(["recipe", "diff", str(two), "1", "2"]) == 0

    said = capsys.readouterr().out
    assert "16 taught  ->  18 taught, with " in said
    assert "40.wav, " in said
    assert "limit.value" in said
    assert "of 18 parts taught would be judged differently" in said
    assert main(["recipe", "diff", str(two), "2", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["changes"] == []
    assert told["compared"][0]["flips"] == []
    assert main(["recipe", "diff", str(two), "1", "9"]) == 3
    assert "no version 9; it has 1, 2" in capsys.readouterr().err


def test_a_version_travels_as_one_file(two, tmp_path, capsys):
    parcel, other = tmp_path / "bracket.recipe", tmp_path / "elsewhere" / "recipe"
    assert main(["recipe", "export", str(two / "v1"), str(parcel)]) == 0
    assert main(["recipe", "import", str(parcel), str(other), "--who", "meister"]) == 0
    assert load(other).hash == load(two / "v1").hash

    assert main(["recipe", "import", str(parcel), str(two), "--who", "meister"]) == 0
    assert "already" in capsys.readouterr().out
    assert load(two).version == 2
    assert main(["recipe", "export", str(two), str(parcel)]) == 3


def test_what_travels_is_told_to_programs_too(two, tmp_path, capsys):
    parcel, other = tmp_path / "bracket.recipe", tmp_path / "elsewhere" / "recipe"
    asked = [["export", str(two / "v1"), str(parcel)], ["import", str(parcel), str(other)],
             ["import", str(parcel), str(two)]]  # fmt: skip
    told = []
    for words in asked:
        assert main(["recipe", *words, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))

    carried = {"name": told[0]["name"], "version": 1, "hash": load(two / "v1").hash}
    assert told[0] == {"file": parcel.as_posix()} | carried
    assert told[1] == {"recipe": other.as_posix(), "new": True, "in_use": True} | carried | {"name": told[1]["name"]}
    assert told[2] == {"recipe": two.as_posix(), "new": False, "in_use": False} | carried


def test_the_last_parts_of_the_store_are_compared_without_any_sound(two, tmp_path, capsys):
    rows = load_taught(two / "v2").features
    put(tmp_path / "data", [*rows, None], front_end_text(load(two).model))

    assert main(["recipe", "diff", str(two), "1", "2", "--parts", "1000", "--store", str(tmp_path / "data")]) == 0
    said = capsys.readouterr().out
    assert "of 18 parts of the store would be judged differently (1 more left out: no stored numbers)" in said

    asked = ["recipe", "diff", str(two), "1", "2", "--parts", "1000", "--store", str(tmp_path / "data"), "--json"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)["compared"][1]
    old, new = (scores_of(load(two / f"v{number}").model, rows) > 1.0 for number in (1, 2))
    assert told["parts"] == 18
    assert len(told["flips"]) == np.count_nonzero(old != new)

    assert main(["recipe", "diff", str(two), "1", "2", "--parts", "9", "--store", str(tmp_path / "none")]) == 1
    assert "no store" in capsys.readouterr().err
