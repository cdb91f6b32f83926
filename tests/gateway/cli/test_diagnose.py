"""`wheeltapper diagnose`: fields and words, speeds and channels, formats, and what is said where it cannot be done."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import soundfile

from gateway.cli.app import main

RATE, SHAFT = 12_800, 24.7
ORDERS = "BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=0.398"
KEYS = [
    "file", "channel", "diagnosis", "fault", "abstained", "confidence", "reason", "speed", "evidence",
    "speed_followed_by", "bands_hz", "kurtogram",
]  # fmt: skip
LINE_KEYS = ["fault", "order", "frequency_hz", "harmonics_snr_db", "comb_score", "p_value"]
CWRU = Path(__file__).parents[3] / "../shared/data/cwru"


def impacts(chance, rate_hz, seconds):
    """Samples at which something is struck, each period off by half a percent: nothing in a bearing is exact."""
    periods = 1 + 0.005 * chance.standard_normal(int(seconds * rate_hz) - 2)
    return (np.cumsum(periods) * RATE / rate_hz).astype(int)


def machine(order=None, seconds=6.0, seed=1):
    """A machine at 1482 1/min, with impacts at `order` where one is given."""
    chance = np.random.default_rng(seed)
    turn = 2 * np.pi * SHAFT * np.arange(int(seconds * RATE)) / RATE
    x = chance.standard_normal(len(turn)) * (1 + 0.2 * np.cos(turn)) + sum(np.cos(k * turn + k) for k in (1, 2, 3))
    if order is not None:
        ring = 5 * np.exp(-np.arange(80) / 15) * np.sin(np.arange(80) * 1.9)
        for start in impacts(chance, order * SHAFT, seconds):
            x[start : start + 80] += ring[: len(x[start : start + 80])]
    return (x / 40).astype(np.float32)


@pytest.fixture
def npz(tmp_path):
    def write(name, x, fs=RATE, rpm=60 * SHAFT, channels=("DE",)):
        path = tmp_path / name
        np.savez(path, x=np.atleast_2d(x), scale=np.ones(len(channels)), fs=fs, rpm=rpm, channels=np.array(channels))
        return path

    return write


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_has_the_promised_fields(npz, capsys):
    path = npz("outer.npz", machine(3.585))

    assert main(["diagnose", str(path), "--orders", ORDERS, "--json"]) == 0

    (one,) = told(capsys)
    assert list(one) == KEYS
    assert (one["file"], one["channel"]) == (str(path), "DE")
    assert (one["diagnosis"], one["fault"], one["abstained"]) == ("outer race", "BPFO", False)
    assert one["confidence"] is None
    assert one["speed"]["source"] == "record"
    assert one["speed"]["rpm"] == pytest.approx(1482, rel=0.003)
    assert 0 < one["speed"]["uncertainty"] < 10
    assert [list(line) for line in one["evidence"]] == [LINE_KEYS] * 3
    best = one["evidence"][0]
    assert best["fault"] == "BPFO"
    assert best["order"] == pytest.approx(3.585, rel=0.01)
    assert best["frequency_hz"] == pytest.approx(3.585 * SHAFT, rel=0.003)
    assert len(best["harmonics_snr_db"]) == 3
    assert min(best["harmonics_snr_db"]) > 10
    assert best["p_value"] < 0.01
    ((low, high),) = one["bands_hz"]
    assert (low, high) == (pytest.approx(100, abs=1), pytest.approx(RATE / 2, rel=0.02))


def test_a_good_machine_is_none_a_short_record_undecided(npz, capsys):
    good, short = npz("good.npz", machine()), npz("short.npz", machine(seconds=2.0))

    assert main(["diagnose", str(good), str(short), "--bearing", "6205", "--json"]) == 0

    first, second = told(capsys)
    assert (first["diagnosis"], first["fault"], first["abstained"]) == ("none", None, False)
    assert (second["diagnosis"], second["fault"], second["abstained"]) == ("undecided", None, True)
    assert "49 turns heard" in second["reason"]


def test_a_nominal_speed_is_found_in_the_record(npz, capsys):
    path = npz("outer.npz", machine(3.585), rpm=np.nan)

    assert (
        main(["diagnose", str(path), "--bearing", "6205", "--rpm", "1560", "--speed-tolerance", "0.08", "--json"]) == 0
    )

    (one,) = told(capsys)
    assert one["diagnosis"] == "outer race"
    assert one["speed"]["source"] == "record"
    assert one["speed"]["rpm"] == pytest.approx(1482, rel=0.004)


def test_where_the_shaft_does_not_show_the_declared_speed_is_given_back(npz, capsys):
    noise = np.random.default_rng(5).standard_normal(6 * RATE)
    path = npz("noise.npz", noise, rpm=np.nan)

    main(["diagnose", str(path), "--bearing", "6205", "--rpm", "1500", "--json"])
    main(["diagnose", str(npz("own.npz", noise, rpm=1500)), "--bearing", "6205", "--json"])

    given, own = told(capsys)
    assert given["speed"] == {"rpm": 1500.0, "source": "given", "uncertainty": 30.0}
    assert own["speed"]["source"] == "file"


def test_wav_flac_npy_csv_and_mat_say_the_same(tmp_path, capsys):
    x = machine(3.585)
    soundfile.write(tmp_path / "a.wav", x, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "a.flac", x, RATE, subtype="PCM_24")
    np.save(tmp_path / "a.npy", x)
    np.savetxt(tmp_path / "a.csv", x, header="acc", comments="")
    scipy.io.savemat(tmp_path / "a.mat", {"rec": {"acc": x, "fs": RATE}})

    assert main(["diagnose", str(tmp_path), "--bearing", "6205", "--rpm", "1482", "--rate", str(RATE), "--json"]) == 0

    answers = told(capsys)
    assert len(answers) == 5
    assert {one["diagnosis"] for one in answers} == {"outer race"}
    for one in answers:
        assert one["evidence"][0]["frequency_hz"] == pytest.approx(answers[0]["evidence"][0]["frequency_hz"], rel=1e-4)


def test_a_channel_is_chosen_by_name_or_number_the_first_by_default(npz, capsys):
    path = npz("two.npz", np.stack([machine(), machine(3.585)]), channels=("FE", "DE"))

    for choice in ([], ["--channel", "DE"], ["--channel", "2"]):
        assert main(["diagnose", str(path), "--bearing", "6205", "--json", *choice]) == 0

    assert [(one["channel"], one["diagnosis"]) for one in told(capsys)] == [
        ("FE", "none"), ("DE", "outer race"), ("DE", "outer race"),
    ]  # fmt: skip


def test_every_fault_of_a_recording_is_one_sentence_and_the_others_are_diagnosed(npz, tmp_path, capsys):
    holed = machine()
    holed[50_000] = np.nan
    bad = [
        (
            npz("nospeed.npz", machine(), rpm=np.nan),
            "the file does not say the speed of the shaft; give it: --rpm 1480",
        ),
        (npz("norate.npz", machine(), fs=np.nan), "give it: --rate"),
        (npz("holed.npz", holed), "sample 50000 of DE is not a number"),
        (npz("one.npz", np.ones(1)), "0.0 turns"),
        (tmp_path / "away.npz", "there is no such file"),
    ]
    good = npz("good.npz", machine(3.585))

    assert main(["diagnose", *(str(path) for path, _ in bad), str(good), "--bearing", "6205", "--json"]) == 1

    out, err = capsys.readouterr()
    assert json.loads(out)["diagnosis"] == "outer race"
    for (path, sentence), line in zip(bad, err.splitlines(), strict=True):
        assert str(path) in line
        assert sentence in line


def test_a_channel_that_is_not_there_is_named_with_those_that_are(npz, capsys):
    path = npz("good.npz", machine())

    assert main(["diagnose", str(path), "--bearing", "6205", "--channel", "XX"]) == 1

    assert "there is no channel XX; it has 1 (DE)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "wanted the bearing"),
        (["--bearing", "6205", "--orders", ORDERS], "one of them"),
        (["--bearing", "9999"], "not in the table"),
        (["--orders", "BPFO=3"], "missing"),
        (["--bearing", "6205", "--rpm", "-5"], "turns a minute"),
        (["--bearing", "6205", "--rpm", "nan"], "turns a minute"),
        (["--bearing", "6205", "--plot", "a.pdf"], "a name in .png"),
        (["--bearing", "6205", "--gear", "2"], "5 to 500"),
        (["--bearing", "6205", "--track", "23,1"], "rising"),
        (["--bearing", "6205", "--track", "x"], "auto"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_a_sentence(npz, capsys, arguments, sentence):
    path = npz("good.npz", machine())

    assert main(["diagnose", str(path), *arguments]) == 2

    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert sentence in err


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (np.zeros_like, "silent"),
        (lambda x: np.full_like(x, 0.2), "silent"),
        (lambda x: np.clip(x, -0.03, 0.03), "overdriven"),
    ],
)
def test_of_a_channel_that_cannot_be_trusted_none_is_not_said(npz, capsys, spoil, reason):
    path = npz("bad.npz", spoil(machine()))

    assert main(["diagnose", str(path), "--bearing", "6205", "--json"]) == 0

    (one,) = told(capsys)
    assert (one["diagnosis"], one["abstained"]) == ("undecided", True)
    assert reason in one["reason"]


@pytest.mark.parametrize("gain", [-1.0, 1e-6, 3e4])
def test_neither_gain_nor_polarity_change_what_is_said(npz, capsys, gain):
    x = machine(5.415)
    for path in (npz("plain.npz", x), npz("other.npz", (gain * x).astype(np.float32))):
        main(["diagnose", str(path), "--bearing", "6205", "--json"])

    plain, other = told(capsys)
    for key in ("diagnosis", "fault", "reason", "speed", "evidence", "bands_hz"):
        assert plain[key] == other[key]


def test_the_most_impulsive_band_can_be_listened_to_alone(npz, capsys):
    path = npz("outer.npz", machine(3.585))

    assert main(["diagnose", str(path), "--bearing", "6205", "--kurtogram", "--json"]) == 0

    (one,) = told(capsys)
    ((low, high),) = one["bands_hz"]
    ring_hz = 1.9 / (2 * np.pi) * RATE
    assert low < ring_hz < high
    assert high - low < RATE / 2 - 1000
    assert one["diagnosis"] == "outer race"


def test_a_bad_tooth_is_a_gear_diagnosis_with_the_mesh_as_evidence(npz, capsys):
    turns = SHAFT * np.arange(6 * RATE) / RATE
    x = machine() * 40 + 1.5 * (1 + 0.3 * np.cos(2 * np.pi * turns)) * np.sin(2 * np.pi * 23 * turns)
    for start in (np.arange(1, int(turns[-1])) / SHAFT * RATE).astype(int):
        x[start : start + 80] += 6 * np.exp(-np.arange(80) / 14) * np.sin(np.arange(80) * 1.1)
    path = npz("gear.npz", x)

    assert main(["diagnose", str(path), "--bearing", "6205", "--gear", "23", "--json"]) == 0
    assert main(["diagnose", str(path), "--bearing", "6205", "--gear", "23"]) == 0

    out = capsys.readouterr().out.splitlines()
    one = json.loads(out[0])
    assert (one["diagnosis"], one["fault"], one["abstained"]) == ("gear", None, False)
    mesh = one["evidence"][-1]
    assert (mesh["fault"], mesh["order"]) == ("mesh", 23)
    assert mesh["frequency_hz"] == pytest.approx(23 * SHAFT, rel=1e-3)
    assert any("mesh at" in line for line in out[1:])


def test_a_wandering_speed_is_followed_and_said(npz, capsys):
    chance = np.random.default_rng(2)
    t = np.arange(8 * RATE) / RATE
    turns = np.cumsum(SHAFT * (1 + 0.05 * np.sin(2 * np.pi * 0.15 * t))) / RATE
    x = chance.standard_normal(len(t)) + sum(np.cos(2 * np.pi * k * turns + k) for k in (1, 2, 3))
    at = np.cumsum(1 + 0.005 * chance.standard_normal(int(turns[-1] * 3.585) - 4)) / 3.585
    for start in np.interp(at, turns, np.arange(len(t))).astype(int):
        x[start : start + 80] += (5 * np.exp(-np.arange(80) / 15) * np.sin(np.arange(80) * 1.9))[: len(x) - start]
    path = npz("swing.npz", x)

    for track in ("auto", "1"):
        assert main(["diagnose", str(path), "--bearing", "6205", "--track", track, "--json"]) == 0

    for one in told(capsys):
        assert one["diagnosis"] == "outer race"
        assert one["speed_followed_by"] == [1.0]


def test_a_line_that_cannot_be_followed_is_said(npz, capsys):
    path = npz("noise.npz", np.random.default_rng(5).standard_normal(6 * RATE))

    assert main(["diagnose", str(path), "--bearing", "6205", "--track", "1,23"]) == 1

    assert f"{path}: order tracking: no line stands out" in capsys.readouterr().err


@pytest.mark.parametrize("order", [3.585, None])
def test_the_picture_is_a_png_of_some_size(npz, tmp_path, order):
    path, picture = npz("a.npz", machine(order)), tmp_path / "a.png"

    assert main(["diagnose", str(path), "--bearing", "6205", "--plot", str(picture)]) == 0

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000


def test_a_picture_that_cannot_be_written_is_said(npz, tmp_path, capsys):
    path = npz("a.npz", machine(3.585))

    assert main(["diagnose", str(path), "--bearing", "6205", "--plot", str(tmp_path / "no" / "a.png")]) == 1

    assert "the picture cannot be written" in capsys.readouterr().err


def test_the_words_for_people_name_fault_speed_and_lines(npz, capsys):
    main(["diagnose", str(npz("outer.npz", machine(3.585))), "--bearing", "6205"])

    said = capsys.readouterr().out
    assert "channel DE: outer race (BPFO)" in said
    assert "found in the record" in said
    assert "x shaft" in said


@pytest.mark.parametrize(("name", "fault"), [("105", "BPFI"), ("130", "BPFO"), ("97", None)])
def test_real_records_as_they_lie_in_the_folder(name, fault, capsys):
    path = CWRU / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no record at {path.resolve()}")

    assert main(["diagnose", str(path), "--orders", "BPFO=3.5848,BPFI=5.4152,BSF=2.357,FTF=0.39828", "--json"]) == 0

    (one,) = told(capsys)
    assert one["fault"] == fault
    assert one["abstained"] is False
