"""Evidence: within its budget, oldest out first, the first thing given up."""

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gateway.store.evidence import FREE_BYTES_MIN, Evidence, EvidenceFault

PLENTY = 10**12


def evidence(folder, budget=10**6, free=PLENTY):
    return Evidence(folder, budget, lambda _: free)


def steps(bits, n=4800, channels=1):
    whole = np.random.default_rng(bits).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (n, channels))
    return (np.squeeze(whole, axis=1) if channels == 1 else whole).astype(np.float32) / np.float32(2 ** (bits - 1))


@pytest.mark.parametrize(
    ("sound", "ending"),
    [
        (steps(16), ".flac"),
        (steps(24), ".flac"),
        (steps(16, channels=2), ".flac"),
        (np.float32([0.5, -1.0, 1.0 - 2**-15, 0.0]), ".flac"),
        (np.float32([0.5, 1.0]), ".wav"),  # one step above the last of a converter
        (np.float32([0.5, -0.0]), ".wav"),
        (np.float32([0.1, 1e-40, -3.5, np.nan, np.inf]), ".wav"),
        (steps(24, channels=2) * np.float32(0.3), ".wav"),
        (np.zeros(0, np.float32), ".wav"),
    ],
)
def test_a_clip_comes_back_bit_for_bit(tmp_path, sound, ending):
    name = evidence(tmp_path).keep_clip("ring-P1", sound, 48000)

    back, rate = soundfile.read(tmp_path / name, dtype="float32")
    assert name.endswith(ending)
    assert rate == 48000
    assert back.tobytes() == sound.tobytes()


@given(hnp.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_float32_comes_back_bit_for_bit(tmp_path, sound):
    name = evidence(tmp_path).keep_clip("x", sound, 48000)

    back, _ = soundfile.read(tmp_path / name, dtype="float32")
    assert np.array_equal(back, sound, equal_nan=True)
    assert np.array_equal(np.signbit(back), np.signbit(sound))


def test_the_oldest_goes_first(tmp_path):
    store = evidence(tmp_path, budget=250)
    names = [store.keep_picture(f"p{n}", bytes(100)) for n in range(4)]

    assert sorted(p.name for p in tmp_path.iterdir()) == names[2:]
    assert store.bytes == 200
    assert store.read(names[0]) is None


def test_numbers_go_on_after_a_restart_and_a_lower_budget_is_kept_at_once(tmp_path):
    first = evidence(tmp_path)
    old = [first.keep_picture(f"p{n}", bytes(100)) for n in range(3)]
    again = evidence(tmp_path, budget=100)
    new = again.keep_picture("p", bytes(100))

    assert new > old[-1]
    assert [p.name for p in tmp_path.iterdir()] == [new]


def test_files_of_others_and_half_files_of_a_power_cut(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "000000000007-x.flac.part").write_text("half")
    evidence(tmp_path, budget=0)

    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_disk_that_fills_refuses_evidence_before_records(tmp_path):
    with pytest.raises(EvidenceFault, match="MB free"):
        evidence(tmp_path, free=FREE_BYTES_MIN - 1).keep_picture("p", b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_vanished_costs_the_evidence_alone(tmp_path):
    store = evidence(tmp_path / "e")
    (tmp_path / "e").rmdir()
    with pytest.raises(EvidenceFault, match="could not be written"):
        store.keep_clip("x", np.zeros(10, np.int16), 48000)


def test_a_folder_that_cannot_be_made_is_tried_again(tmp_path):
    (tmp_path / "e").write_text("in the way")
    store = evidence(tmp_path / "e")
    with pytest.raises(EvidenceFault, match="no evidence can be kept there"):
        store.keep_picture("p", b"1")

    (tmp_path / "e").unlink()
    assert store.read(store.keep_picture("p", b"1")) == b"1"


def test_evidence_gives_way(tmp_path):
    store = evidence(tmp_path)
    for n in range(5):
        store.keep_picture(f"p{n}", bytes(100))
    assert store.give_way(250) == 300
    assert store.give_way(10**9) == 200


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_no_part_id_leaves_the_folder(tmp_path, part_id):
    store = evidence(tmp_path / "in", budget=300)
    name = store.keep_picture(part_id, b"png")
    assert (tmp_path / "in" / name).is_file()
    assert store.read(name) == b"png"
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
