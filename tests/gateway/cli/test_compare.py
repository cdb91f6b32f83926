import json

import numpy as np
import pytest
import soundfile

from analytics.signal.capture import Capture
from gateway.cli.app import main
from models.comparison import LOUDER_DB, TILT_DB, louder, tilted
from models.detectors import KINDS

RATE = 16_000


def recordings(folder, count, hz, seed):
    """Running sound: noise, and a tone that good parts have elsewhere."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    t = np.arange(RATE // 2) / RATE
    for k in range(count):
        tone = 0.05 * np.sin(2 * np.pi * hz * (1 + 0.01 * rng.normal()) * t)
        soundfile.write(folder / f"{k}.wav", tone + 0.01 * rng.normal(size=len(t)), RATE, subtype="FLOAT")
    return str(folder)


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr("models.autoencoder.STEPS", 20)
    monkeypatch.setattr("gateway.cli.compare._TIMED_MOST", 3)


@pytest.mark.usefixtures("brief")
def test_the_table_sets_every_detector_beside_its_library(tmp_path, capsys):
    good, bad = recordings(tmp_path / "good", 12, 400, 1), recordings(tmp_path / "bad", 4, 900, 2)
    assert main(["compare", "--good", good, "--bad", bad]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 100
    for name, kind in KINDS.items():
        assert f"\n{name}" in shown
        assert kind.library in shown
    assert "12 good and 4 bad parts; one group" in shown
    assert "12 good parts prove 22.1 % false rejects at best" in shown


@pytest.mark.usefixtures("brief")
def test_json_says_the_same_and_groups_are_left_out_whole(tmp_path, capsys):
    for shift in "abc":
        recordings(tmp_path / "good" / shift, 4, 400, ord(shift))
    bad = recordings(tmp_path / "bad", 4, 900, 2)
    assert main(["compare", "--good", str(tmp_path / "good"), "--bad", bad, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["good"], told["bad"], told["groups"]) == (12, 4, 3)
    ours = {row["name"]: row for row in told["detectors"] if not row["of"]}
    assert set(ours) == set(KINDS)
    assert ours[told["default"]]["ranking"]["auc"] == 1.0
    assert set(ours["gmm"]["drift"]) == {"louder", "tilted"}
    for row in told["detectors"]:
        if row["of"] and row["ranking"] and row["of"] != "mahalanobis":
            assert row["ranking"] == ours[row["of"]]["ranking"]  # the library's own score ranks alike
        assert row["time_us"] > 0


def test_bad_parts_that_are_the_good_ones_are_refused(tmp_path, capsys):
    good = recordings(tmp_path / "good", 12, 400, 1)
    assert main(["compare", "--good", good, "--bad", good]) == 1
    assert "the same sound" in capsys.readouterr().err


def test_drift_is_three_decibels_and_a_tilt_that_leaves_one_kilohertz_alone():
    t = np.arange(RATE) / RATE
    for hz, gain_db in ((100, -TILT_DB), (1000, 0.0), (4000, TILT_DB * np.log10(4))):
        tone = np.sin(2 * np.pi * hz * t).astype(np.float32)
        capture = Capture(tone, RATE, 0, RATE, before=False, after=False)
        middle = slice(RATE // 4, -RATE // 4)
        level = 20 * np.log10(np.std(tilted(capture).samples[middle]) / np.std(tone[middle]))
        assert level == pytest.approx(gain_db, abs=0.05)
        assert np.std(louder(capture).samples) / np.std(tone) == pytest.approx(10 ** (LOUDER_DB / 20))
