import json

import numpy as np
import pytest
import soundfile

from analytics.decision.judge import judge
from gateway.audio.files import capture_of, read_recording
from gateway.cli.app import main
from models.recipe import load

KEYS = ["file", "verdict", "score", "defect", "confidence", "reason", "detectors", "quality", "nearest"]


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_a_part_in_the_order_given(plant, tmp_path, record, capsys):
    paths = [record(tmp_path / f"{name}.wav", name) for name in ("T80", "T81", "T82")]

    assert main(["judge", str(plant / "recipe"), *map(str, paths)]) == 0

    said = capsys.readouterr().out.splitlines()
    assert [path.name for path in paths] == [line.split()[3].rsplit("/")[-1] for line in said]
    assert all(line.startswith(("OK ", "NotOK ", "NotDecidable ")) for line in said)


def test_json_has_the_promised_fields_in_their_types(plant, tmp_path, record, capsys):
    path = record(tmp_path / "T80.wav", "T80")

    assert main(["judge", str(plant / "recipe"), str(path), "--json"]) == 0

    (told,) = lines(capsys)
    assert list(told) == KEYS
    assert told["file"] == str(path)
    assert told["verdict"] == "OK"
    assert 0 < told["score"] <= 1
    assert told["defect"] is None
    assert told["confidence"] is None
    assert told["detectors"] == {"mahalanobis": told["score"]}
    assert told["quality"] == ["no_context"]


def test_a_reversed_part_is_not_ok_and_the_exit_code_is_still_0(plant, tmp_path, record, capsys):
    path = record(tmp_path / "T80.wav", "T80")
    sound, rate = soundfile.read(path)
    soundfile.write(path, sound[::-1], rate, subtype="PCM_24")

    assert main(["judge", str(plant / "recipe"), str(path), "--json"]) == 0

    (told,) = lines(capsys)
    assert (told["verdict"], told["defect"]) == ("NotOK", "unknown")
    assert told["score"] > 1
    assert told["reason"]


def test_the_number_is_the_one_of_the_live_part_flow(plant, tmp_path, record, capsys):
    path = record(tmp_path / "T80.wav", "T80")
    main(["judge", str(plant / "recipe"), str(path), "--json"])

    recording = read_recording(path)
    live = judge(capture_of(recording.samples[:, 0], recording.rate, False), load(plant / "recipe").model)

    assert lines(capsys)[0]["score"] == live.verdict.score


def test_the_file_alone_and_the_file_within_its_surroundings_score_alike(plant, tmp_path, record, capsys):
    path = record(tmp_path / "T80.wav", "T80")
    sound, rate = soundfile.read(path)
    quiet = np.random.default_rng(0).normal(0, 1e-4, (2, rate // 10))
    soundfile.write(tmp_path / "wide.wav", np.concatenate([quiet[0], sound, quiet[1]]), rate, subtype="PCM_24")
    main(["judge", str(plant / "recipe"), str(path), "--json"])
    main(["judge", str(plant / "recipe"), str(tmp_path / "wide.wav"), "--surroundings", "--json"])

    alone, within = lines(capsys)
    assert within["score"] == pytest.approx(alone["score"], rel=0.02)


def test_sound_that_is_not_finite_is_a_decision_without_a_score(plant, tmp_path, capsys):
    soundfile.write(tmp_path / "a.wav", np.full(9600, np.nan), 16_000, subtype="FLOAT")

    assert main(["judge", str(plant / "recipe"), str(tmp_path / "a.wav"), "--json"]) == 0

    (told,) = lines(capsys)
    assert (told["verdict"], told["score"], told["quality"]) == ("NotDecidable", None, ["not_finite"])


def test_a_part_too_short_is_not_decidable(plant, tmp_path, capsys):
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 500), 16_000)

    assert main(["judge", str(plant / "recipe"), str(tmp_path / "a.wav"), "--json"]) == 0

    (told,) = lines(capsys)
    assert (told["verdict"], told["quality"]) == ("NotDecidable", ["too_short"])


def test_sound_of_a_higher_rate_is_brought_down_and_that_is_said(plant, tmp_path, record, capsys):
    path = record(tmp_path / "T80.wav", "T80", rate=48_000)

    assert main(["judge", str(plant / "recipe"), str(path), "--json"]) == 0

    said = capsys.readouterr()
    assert said.err == f"{path}: 48000 samples a second, brought down to the recipe's 16000\n"
    assert json.loads(said.out)["score"] is not None


def test_a_file_that_cannot_be_read_is_said_and_the_others_are_judged(plant, tmp_path, record, capsys):
    first, last = record(tmp_path / "T80.wav", "T80"), record(tmp_path / "T81.wav", "T81")
    (tmp_path / "empty.wav").write_bytes(b"")
    low = record(tmp_path / "low.wav", "T82", rate=8000)
    stereo = record(tmp_path / "stereo.wav", "T83", channels=2)
    paths = [first, tmp_path / "missing.wav", tmp_path / "empty.wav", low, stereo, last]

    assert main(["judge", str(plant / "recipe"), "--json", *map(str, paths)]) == 1

    said = capsys.readouterr()
    assert [json.loads(line)["file"] for line in said.out.splitlines()] == [str(first), str(last)]
    assert [line.split(": ")[1] for line in said.err.splitlines()] == [
        "there is no such file",
        "the file is empty (0 bytes); record it again",
        "8000 samples a second, wanted 16000",
        "2 channels (1, 2), wanted one; choose it",
    ]


def test_a_channel_is_chosen(plant, tmp_path, record, capsys):
    stereo = record(tmp_path / "stereo.wav", "T83", channels=2)

    assert main(["judge", str(plant / "recipe"), "--channel", "2", "--json", str(stereo)]) == 0
    assert lines(capsys)[0]["verdict"] in {"OK", "NotOK"}


def test_a_folder_is_judged_file_by_file_in_order(plant, capsys):
    assert main(["judge", str(plant / "recipe"), "--json", str(plant / "good")]) == 0

    assert [told["file"].rsplit("/")[-1] for told in lines(capsys)] == [f"{index:02}.wav" for index in range(16)]


def test_an_old_version_judges_when_it_is_named(plant, capsys):
    assert main(["judge", str(plant / "recipe" / "v1"), "--json", str(plant / "good" / "00.wav")]) == 0
    assert lines(capsys)[0]["verdict"] == "OK"
