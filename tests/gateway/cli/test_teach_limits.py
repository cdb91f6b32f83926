"""Groups by name, limits of one's own, costs, and what a person says of good parts, from the command line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.files import SoundFileError
from gateway.cli.app import main
from gateway.cli.groups import groups_by
from models.recipe import load


@pytest.fixture
def told(capsys):
    """Run a command and return its JSON."""

    def run(*words):
        assert main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


def test_groups_are_read_from_names():
    assert groups_by(["a/early_b_01.wav", "late_02.wav"], "{group}_*") == ["early", "late"]
    assert groups_by(["run7-early.wav"], "run?-{group}") == ["early"]
    assert groups_by(["x.y_early.flac"], "*_{group}") == ["early"]


@pytest.mark.parametrize("pattern", ["early_*", "{group}{group}", "{group}-*", "*"])
def test_a_pattern_that_does_not_fit_is_refused_with_the_names(pattern):
    with pytest.raises(SoundFileError, match=r"wanted (\{group\} once|a pattern that fits all)"):
        groups_by(["early_01.wav", "late-02.wav"], pattern)


@given(st.lists(st.text(alphabet="abc()[].+^$", min_size=1, max_size=9), min_size=1, max_size=5))
def test_any_name_may_hold_any_sign(groups):
    names = [f"{group}_7.wav" for group in groups]
    assert groups_by(names, "{group}_*") == groups


def test_parts_are_grouped_by_their_names(told, plant, tmp_path):
    found = told("teach", tmp_path / "r", "--good", plant / "good", "--group-by", "{group}?")
    assert found["report"]["groups"] == 2  # 00 .. 15: the first digit


def test_a_pattern_for_some_of_the_names_is_one_sentence(plant, tmp_path, capsys):
    assert main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), "--group-by", "0{group}"]) == 1
    assert "fits 10 of 16 names" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_limit_of_ones_own_rejects_beside_the_learned_one_and_says_so(told, plant, tmp_path):
    report = told("teach", tmp_path / "r", "--good", plant / "good", "--fixed", "level <= -90 dB")["report"]
    assert any("level <= -90 dB: 16 of 16 good parts lie beyond it" in one for one in report["warnings"])

    (judged,) = [told("judge", tmp_path / "r", plant / "good" / "03.wav")]
    assert "fixed limit of -90 dB" in json.dumps(judged)


def test_a_limit_that_is_none_is_refused(plant, tmp_path, capsys):
    code = main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), "--fixed", "loud <= 3"])
    assert code == 2
    assert not (tmp_path / "r").exists()


def test_confirmed_and_dropped_parts_need_no_sound_and_are_remembered(told, plant, tmp_path):
    recipe = tmp_path / "r"
    strangest = [one["name"] for one in told("teach", recipe, "--good", plant / "good")["report"]["strangest"]]

    report = told("teach", recipe, "--from-taught", "--drop", strangest[0], "--confirm", strangest[1])["report"]

    assert report["good"] == 15
    assert report["confirmed"] == [strangest[1]]
    assert not {one["name"] for one in report["strangest"]} & set(strangest[:2])
    assert any("dropped by a person" in one for one in report["warnings"])
    again = told("teach", recipe, "--from-taught", "--reject-rate", "0.2")["report"]
    assert (again["good"], again["confirmed"], again["limit"]["provisional"]) == (15, [strangest[1]], False)


def test_learning_again_from_the_stored_rows_gives_the_same_recipe(told, plant, tmp_path):
    first = told("teach", tmp_path / "r", "--good", plant / "good")
    second = told("teach", tmp_path / "r", "--from-taught")
    assert (second["version"], second["report"]) == (2, first["report"])
    one, two = load(tmp_path / "r" / "v1"), load(tmp_path / "r" / "v2")
    assert one.model.limit == two.model.limit
    assert (one.model.detector.mean == two.model.detector.mean).all()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--from-taught", "--drop", "nobody.wav"], 1),
        (["--from-taught", "--confirm", "nobody.wav"], 1),
        (["--from-taught", "--fixed", "crest <= 9"], 2),
        ([], 2),
        (["--good", "GOOD", "--cost-missed", "3"], 2),
        (["--good", "GOOD", "--cost-missed", "3", "--cost-false-reject", "1", "--defect-rate", "0.1"], 1),
        (["--good", "GOOD", "--confirm", "nobody.wav"], 1),
    ],
)
def test_what_cannot_be_meant_is_refused_and_writes_nothing(plant, tmp_path, words, code):
    main(["teach", str(tmp_path / "r"), "--good", str(plant / "good")])
    assert main(["teach", str(tmp_path / "r"), *(str(plant / "good") if w == "GOOD" else w for w in words)]) == code
    assert not (tmp_path / "r" / "v2").exists()


def test_costs_choose_above_the_promise_and_say_what_they_would_alone(told, plant, tmp_path, record):
    for index in range(4):
        record(tmp_path / "cracked" / f"{index}.wav", f"P{index}")
    costs = ["--cost-false-reject", "1", "--cost-missed", "1", "--defect-rate", "0.001", "--reject-rate", "0.3"]

    weighed = told("teach", tmp_path / "r", "--good", plant / "good", "--defect", f"crack={tmp_path / 'cracked'}",
                   *costs)["report"]["weighing"]  # fmt: skip

    assert weighed["chosen"]["factor"] >= 1.0
    assert weighed["chosen"]["rejected"] <= 0.3
