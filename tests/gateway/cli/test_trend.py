"""Recorded histories through the code that judges wear live."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audio.files import SoundFileError
from gateway.cli.app import main
from gateway.cli.history import histories, time_in

DATA = Path(__file__).parents[4] / "shared" / "data"
KEYS = ["t_s", "indicator", "db", "level", "remaining_life_s", "reason"]
RATE = 8_000


def told(capsys, *arguments):
    """Run it; the steps and the summary."""
    code = main(["trend", *map(str, arguments), "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    return rows[:-1], rows[-1]


def rising(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return 10 ** ((0.2 * rng.standard_normal(n) + 0.1 * np.maximum(0, np.arange(n) - 100)) / 20)


def a_history(path, n=200, **more):
    trend = np.column_stack([rising(n), np.ones(n), 5 * rising(n, 1)])
    arrays = {
        "trend": trend,
        "trend_names": np.array(["h_rms", "h_kurtosis", "h_peak"]),
        "trend_t": 10.0 * np.arange(n),
    }
    np.savez(path, **{**arrays, **more})
    return path


def a_folder(folder, n=80, every_s=3600, name="%Y-%m-%dT%H-%M-%S"):
    rng = np.random.default_rng(0)
    for i in range(n):
        at = datetime(2026, 3, 28, tzinfo=UTC) + timedelta(seconds=every_s * i)
        sound = 0.01 * 10 ** (max(0, i - 65) / 20) * rng.standard_normal(RATE // 2)
        soundfile.write(folder / f"{at.strftime(name)}.wav", sound, RATE, subtype="PCM_24")
    return folder


def test_json_has_the_promised_fields_in_their_types(tmp_path, capsys):
    steps, _ = told(capsys, a_history(tmp_path / "life.npz"))

    assert all(list(row) == KEYS for row in steps)
    assert [row["t_s"] for row in steps] == [10.0 * i for i in range(200)]
    assert steps[0]["db"] is None
    assert steps[0]["reason"] == "learning what is normal: 1 of 60"
    assert {row["indicator"] for row in steps} <= {"h_rms", "h_peak"}
    last = steps[-1]
    assert last["level"] == "alarm"
    assert last["db"] == pytest.approx(9.5, abs=0.6)
    assert list(last["remaining_life_s"]) == ["low", "mid", "high"]
    assert 0 < last["remaining_life_s"]["low"] < last["remaining_life_s"]["mid"] < last["remaining_life_s"]["high"]
    assert steps[90]["remaining_life_s"] is None


def test_the_summary_says_when_warning_and_alarm_were_first_on(tmp_path, capsys):
    steps, end = told(capsys, a_history(tmp_path / "life.npz"))

    warned = next(row["t_s"] for row in steps if row["level"] == "warning")
    alarmed = next(row["t_s"] for row in steps if row["level"] == "alarm")
    assert (end["warning_t_s"], end["alarm_t_s"], end["steps"]) == (warned, alarmed, 200)
    assert 1300 < warned < alarmed < 1800

    _, end = told(capsys, a_history(tmp_path / "young.npz", n=90))
    assert (end["warning_t_s"], end["alarm_t_s"], end["level"]) == (None, None, "normal")


def test_the_table_for_people_is_short_and_shows_every_change_of_level(tmp_path, capsys):
    assert main(["trend", str(a_history(tmp_path / "life.npz"))]) == 0

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert 20 < len(lines) < 35
    assert lines[0].split()[:3] == ["time", "dB", "level"]
    assert any(" warning " in line for line in lines)
    assert lines[-1].endswith("now alarm")
    assert "200 steps of h_rms, h_peak" in err


def test_a_column_is_chosen_by_name_or_number(tmp_path, capsys):
    path = a_history(tmp_path / "life.npz")

    by_name, _ = told(capsys, path, "--channel", "h_peak")
    by_number, _ = told(capsys, path, "--channel", "3")
    steady, _ = told(capsys, path, "--channel", "h_kurtosis")

    assert by_name == by_number
    assert {row["level"] for row in steady} == {"normal"}


def test_a_table_of_values_is_taken_by_its_first_channel(tmp_path, capsys):
    values = np.column_stack([rising(), np.ones(200)])
    np.savez(tmp_path / "ims.npz", t=600.0 * np.arange(200), value=values, channels=np.array(["b1", "b2"]))

    steps, end = told(capsys, tmp_path / "ims.npz")

    assert end["indicators"] == ["b1"]
    assert steps[-1]["level"] == "alarm"


def test_snapshots_without_a_trend_are_reduced_to_peak_and_level(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = (1000 * rng.standard_normal((100, 1, 2560))).astype(np.int16)
    x[80:] *= 4
    np.savez(tmp_path / "x.npz", x=x, scale=np.array([1e-4]), fs=25_600.0, t=10.0 * np.arange(100))

    steps, end = told(capsys, tmp_path / "x.npz")

    assert end["indicators"] == ["peak", "level"]
    assert steps[-1]["level"] == "alarm"
    assert steps[-1]["db"] == pytest.approx(12.0, abs=1.0)


def test_a_folder_of_recordings_is_taken_in_the_order_of_the_times_in_their_names(tmp_path, capsys):
    steps, end = told(capsys, a_folder(tmp_path, n=90))

    assert [row["t_s"] for row in steps] == [3600.0 * i for i in range(90)]
    assert end["steps"] == 90
    assert end["level"] == "alarm"
    assert steps[-1]["db"] == pytest.approx(20, abs=1)


def test_recordings_may_be_given_one_by_one_and_without_times_at_a_spacing(tmp_path, capsys):
    folder = a_folder(tmp_path, n=62, name="rec %j %H")
    files = sorted(folder.iterdir())

    steps, _ = told(capsys, *files, "--every", 600)
    assert [row["t_s"] for row in steps] == [600.0 * i for i in range(62)]

    assert main(["trend", str(folder)]) == 1
    assert (
        "its name holds no time; wanted one like 2026-01-31T12-00-00 in each, or --every SECONDS"
        in capsys.readouterr().err
    )


def test_silent_short_and_broken_recordings_are_told_and_skipped(tmp_path, capsys):
    folder = a_folder(tmp_path, n=62)
    files = sorted(folder.iterdir())
    soundfile.write(files[10], np.zeros(RATE), RATE)
    soundfile.write(files[20], np.ones(9) / 9, RATE)
    soundfile.write(files[30], np.full(RATE, np.nan), RATE, subtype="FLOAT")

    steps, _ = told(capsys, folder)

    assert steps[10]["reason"] == "digital silence"
    assert steps[20]["reason"] == "shorter than 50 ms"
    assert steps[30]["reason"] == "the sound is not finite"
    assert steps[31]["reason"] == "learning what is normal: 29 of 60"


def test_a_folder_of_histories_is_each_of_them_with_a_summary_of_its_own(tmp_path, capsys):
    a_history(tmp_path / "a.npz", n=70)
    a_history(tmp_path / "b.npz", n=80)
    (tmp_path / "index.csv").write_text("file,life\na.npz,700\n")

    rows, last = told(capsys, tmp_path)

    assert [row["file"].rsplit("/")[-1] for row in rows] == ["a.npz"] * 71 + ["b.npz"] * 80
    assert rows[70]["steps"] == 70
    assert last["steps"] == 80


@pytest.mark.parametrize(
    ("stem", "there"),
    [
        ("2004.02.12.10.32.39", True),
        ("pump-7_20260131T120005Z", True),
        ("mic1 2026-01-31 12_00_05", True),
        ("2026-13-31T12-00-05", False),
        ("0117", False),
        ("120260131120005", False),
    ],
)
def test_a_time_in_a_name_is_year_to_second(stem, there):
    assert (time_in(stem) is not None) is there


def spoiled(path, kind):
    if kind == "absent":
        return path
    if kind == "text":
        path.write_text("no zip at all")
    elif kind == "cut":
        path.write_bytes(a_history(path).read_bytes()[:500])
    elif kind == "times":
        a_history(path, trend_t=np.arange(3))
    elif kind == "shape":
        a_history(path, trend=np.zeros((0, 3)))
    elif kind == "words":
        a_history(path, trend=np.array([["a"], ["b"]]))
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("absent", "there is no such file"),
        ("text", "not a readable npz file"),
        ("cut", "not a readable npz file"),
        ("times", "3 times in trend_t for 200 steps; wanted one each, in seconds"),
        ("shape", "trend is float64 of shape (0, 3); wanted numbers (steps, indicators)"),
        ("words", "trend is <U1 of shape (2, 1)"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, capsys, kind, said):
    path = spoiled(tmp_path / "life.npz", kind)

    assert main(["trend", str(path), "--json"]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(str(path))
    assert said in err


def test_a_channel_that_is_not_there_names_those_that_are(tmp_path, capsys):
    assert main(["trend", str(a_history(tmp_path / "life.npz")), "--channel", "9"]) == 1

    assert "there is no channel 9; it has 1 h_rms, 2 h_kurtosis, 3 h_peak" in capsys.readouterr().err


def test_what_a_file_calls_its_columns_cannot_play_with_the_terminal(tmp_path, capsys):
    names = np.array(["\x1b[2Jh_rms", "b" * 200, "c"])

    assert main(["trend", str(a_history(tmp_path / "life.npz", trend_names=names))]) == 0

    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "?[2Jh_rms" in err


@given(st.binary(max_size=200), st.integers(0, 4000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_history_is_read_or_refused_in_a_sentence(tmp_path, noise, at):
    path = tmp_path / "life.npz"
    whole = a_history(path, n=20).read_bytes()
    path.write_bytes(whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :])
    try:
        (history,) = histories([path], None, None, None)
    except SoundFileError as fault:
        assert str(path) in str(fault)  # noqa: PT017
    else:
        assert history.steps


def test_zeros_nan_and_a_clock_that_jumps_are_survived(tmp_path, capsys):
    trend = np.column_stack([rising(), np.ones(200), rising(200, 1)])
    trend[70:75] = np.nan
    trend[75:80] = 0
    trend[80:85] = -1
    t = 10.0 * np.arange(200)
    t[90:] -= 5000
    t[95] = np.nan

    steps, _ = told(capsys, a_history(tmp_path / "life.npz", trend=trend, trend_t=t))

    assert {row["reason"] for row in steps[70:85]} == {"nothing was heard"}
    assert steps[95]["t_s"] is None
    assert steps[-1]["level"] == "alarm"


real = pytest.mark.skipif(not (DATA / "phm2012").is_dir(), reason="needs the recordings in ../shared/data")


@real
def test_a_real_bearing_is_warned_and_alarmed_of_in_the_last_two_thirds_of_its_life(capsys):
    _, end = told(capsys, DATA / "phm2012" / "Bearing3_3.npz")

    assert 4330 / 3 < end["warning_t_s"] < end["alarm_t_s"] < 0.99 * 4330


@real
def test_the_ims_bearing_that_failed_is_alarmed_half_a_day_ahead_and_before_its_neighbours(capsys):
    path = DATA / "ims_test2_trend" / "mean_abs.npz"
    ends = [told(capsys, path, "--channel", channel)[1] for channel in (1, 2, 3, 4)]
    last_s = 981 * 600

    assert last_s - ends[0]["alarm_t_s"] > 10 * 3600
    assert last_s - ends[0]["warning_t_s"] > 40 * 3600
    for neighbour in ends[1:]:
        assert neighbour["warning_t_s"] > ends[0]["warning_t_s"] + 24 * 3600
        assert neighbour["alarm_t_s"] is None or neighbour["alarm_t_s"] > ends[0]["alarm_t_s"]
