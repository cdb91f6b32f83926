import json
import shutil

from gateway.cli.app import main


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
