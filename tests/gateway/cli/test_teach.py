import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.app import main
from gateway.cli.recordings import spread


def test_it_says_what_it_learned_what_it_distrusts_and_what_more_it_needs(plant, tmp_path, capsys, record):
    for index in range(3):
        record(tmp_path / "cracked" / f"{index}.wav", f"P{index}")

    code = main(
        ["teach", str(tmp_path / "r"), "--good", str(plant / "good"), "--defect", f"crack={tmp_path / 'cracked'}"]
    )

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == f"{tmp_path}/r, version 1, from 16 good parts and 3 crack"
    assert lines[1].startswith("  promise      provisional: 16 parts prove no better than 17.1 % false rejects")
    assert lines[2].startswith("  detector     mahalanobis on 128 log-mel numbers, struck-part profile (told from the")
    assert lines[3].startswith("  crack        3 taught, ")
    assert sum(line.startswith("  look at") for line in lines) == 5
    assert any(line.startswith("  weak spot    one recording run only") for line in lines)


def test_json_is_one_object_and_nothing_else(plant, tmp_path, capsys):
    assert main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["report"]["good"], told["front_end"]["rate"]) == (1, 16, 16_000)
    assert told["report"]["limit"]["provisional"] is True


def test_teaching_again_makes_version_two(plant, tmp_path, capsys):
    for _ in range(2):
        main(["teach", str(tmp_path / "r"), "--good", str(plant / "good")])

    assert ", version 2, " in capsys.readouterr().out


def test_sub_folders_are_groups(plant, tmp_path, record, capsys):
    for index in range(12):
        record(tmp_path / "good" / f"shift{index % 3}" / f"{index}.wav", f"T{index}")

    assert main(["teach", str(tmp_path / "r"), "--good", str(tmp_path / "good"), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["report"]["groups"] == 3


def test_dropped_recordings_are_not_heard(plant, tmp_path, capsys):
    drop = [str(plant / "good" / f"{index:02}.wav") for index in (3, 5)]

    assert main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), "--drop", *drop, "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["report"]["good"] == 14
    heard = json.loads((tmp_path / "r/v1/recordings.json").read_text("utf-8"))
    assert not {one["name"] for one in heard} & set(drop)


def test_sound_of_a_higher_rate_is_brought_down_and_that_is_said(plant, tmp_path, record, capsys):
    record(tmp_path / "high.wav", "T77", rate=48_000)

    code = main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), str(tmp_path / "high.wav"), "--json"])

    said = capsys.readouterr()
    assert code == 0
    assert said.err == "1 recordings of 48000 samples a second were brought down to 16000, the rate of most\n"
    assert json.loads(said.out)["report"]["good"] == 17


def bad(folder, record, kind):
    path = folder / "bad.wav"
    if kind == "missing":
        return path
    if kind == "stereo":
        return record(path, "T90", channels=2)
    if kind == "lower rate":
        return record(path, "T90", rate=8000)
    record(path, "T90")
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut off":
        path.write_bytes(path.read_bytes()[:-500])
    elif kind == "not finite":
        soundfile.write(path, np.full(4800, np.nan), 16_000, subtype="FLOAT")
    elif kind == "text":
        path.write_text("no sound")
    elif kind == "short":
        soundfile.write(path, soundfile.read(path)[0][:100], 16_000)
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "there is no such file"),
        ("stereo", "2 channels (1, 2), wanted one; choose it: --channel 1"),
        ("lower rate", "8000 samples a second, wanted 16000"),
        ("empty", "the file is empty (0 bytes)"),
        ("cut off", "cut off, its header promises"),
        ("not finite", "holds values that are no numbers"),
        ("text", "not a readable wav file"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_half_written(plant, tmp_path, record, capsys, kind, sentence):
    path = bad(tmp_path, record, kind)

    code = main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), str(path)])

    said = capsys.readouterr()
    assert code == 1
    assert said.err.startswith(f"{path}: ")
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (tmp_path / "r").exists()


def test_all_bad_recordings_are_named_at_once(plant, tmp_path, record, capsys):
    for name in ("a", "b"):
        (tmp_path / f"{name}.wav").write_bytes(b"")

    code = main(
        ["teach", str(tmp_path / "r"), "--good", str(plant / "good"), str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    )

    assert code == 1
    assert capsys.readouterr().err.count("the file is empty") == 2


def test_too_few_parts_say_how_many_are_wanted(plant, tmp_path, capsys):
    few = [str(plant / "good" / f"{index:02}.wav") for index in range(5)]

    assert main(["teach", str(tmp_path / "r"), "--good", *few]) == 1

    assert capsys.readouterr().err.startswith("5 good parts; wanted at least 8, and 299 to promise 1 % false rejects")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--defect", "crack"], "--defect crack: wanted NAME=PATH"),
        (["--drop", "elsewhere.wav"], "--drop elsewhere.wav: not among the recordings given"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(plant, tmp_path, capsys, more, sentence):
    assert main(["teach", str(tmp_path / "r"), "--good", str(plant / "good"), *more]) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_a_folder_of_recordings_is_not_taken_for_a_recipe(plant, capsys):
    assert main(["teach", str(plant / "good"), "--good", str(plant / "good")]) == 3
    assert "holds 00.wav, wanted a recipe or a new folder" in capsys.readouterr().err


def test_patterns_a_shell_wrote_out_belong_to_their_option():
    given_ = ["r", "--good", "a", "b", "--defect", "crack=c", "d", "chip=e", "--level", "normalised", "--drop=x", "y"]

    assert spread(given_) == [
        "r", "--good", "a", "--good", "b", "--defect", "crack=c", "--defect", "crack=d", "--defect", "chip=e",
        "--level", "normalised", "--drop=x", "--drop", "y",
    ]  # fmt: skip


@given(words=st.lists(st.sampled_from(["a", "n=b", "--good", "--defect", "--json", "--channel"]), max_size=12))
def test_spreading_twice_is_spreading_once(words):
    once = spread(words)

    assert spread(once) == once


def test_real_bottles_teach_and_cracked_ones_are_caught(tmp_path, capsys):
    data = Path(__file__).parents[3] / "../shared/data/bottles"
    if not data.exists():
        pytest.skip("the recordings of ../shared/data are not here")
    good = [str(data / f"good/good_{index:04}.flac") for index in range(60)]

    assert main(["teach", str(tmp_path / "r"), "--good", *good, "--reject-rate", "0.05"]) == 0
    assert "5 % false rejects holds with 95 % confidence (59 parts needed, 60 given)" in capsys.readouterr().out

    cracked = [str(path) for path in sorted((data / "cracked").iterdir())[:60]]
    fresh = [str(data / f"good/good_{index:04}.flac") for index in range(100, 160)]
    assert main(["judge", str(tmp_path / "r"), "--json", *cracked, *fresh]) == 0
    verdicts = [json.loads(line)["verdict"] for line in capsys.readouterr().out.splitlines()]
    assert verdicts[:60].count("NotOK") >= 54
    assert verdicts[60:].count("OK") >= 57
