import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from gateway.audio.formats import SoundFileError, arrays

TONE = np.sin(np.arange(200) / 5)


def test_npy_of_either_orientation_is_samples_by_channels(tmp_path):
    for array in (TONE, TONE[:, None], TONE[None, :]):
        np.save(tmp_path / "a.npy", array)
        raw = arrays.read_npy(tmp_path / "a.npy")
        np.testing.assert_allclose(raw.samples[:, 0], TONE, rtol=1e-6)
        assert raw.rate is None


def test_integers_of_a_converter_become_full_scale(tmp_path):
    np.save(tmp_path / "a.npy", np.array([-32768, 0, 16384], np.int16))

    assert arrays.read_npy(tmp_path / "a.npy").samples[:, 0].tolist() == [-1, 0, 0.5]


def test_npz_is_scaled_and_named(tmp_path):
    x = np.array([[1, 2, 3], [10, 20, 30]], np.int16)
    np.savez(tmp_path / "a.npz", x=x, scale=[0.1, 0.01], fs=12_000.0, rpm=1797.0, channels=["DE", "FE"])

    raw = arrays.read_npz(tmp_path / "a.npz")

    np.testing.assert_allclose(raw.samples, [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]], rtol=1e-6)
    assert (raw.rate, raw.rpm, raw.channel_names) == (12_000, 1797, ("DE", "FE"))


def test_a_rate_that_is_not_a_number_is_no_rate(tmp_path):
    np.savez(tmp_path / "a.npz", x=TONE, fs=np.nan)

    assert arrays.read_npz(tmp_path / "a.npz").rate is None


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        ({"y": TONE}, "there is no array x"),
        ({"x": np.zeros((5, 1, 100))}, "5 snapshots"),
        ({"x": TONE, "scale": [1.0, 2.0]}, "2 scales for 1 channels"),
        ({"x": np.array(["a"])}, "wanted numbers"),
    ],
)
def test_an_npz_of_another_make_is_refused(tmp_path, held, sentence):
    np.savez(tmp_path / "a.npz", **held)

    with pytest.raises(SoundFileError, match=sentence):
        arrays.read_npz(tmp_path / "a.npz")


def test_arrays_that_would_run_code_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}], object))

    for read, name in ((arrays.read_npy, "a.npy"), (arrays.read_npz, "a.npz")):
        with pytest.raises(SoundFileError, match="not a readable"):
            read(tmp_path / name)


def test_a_mat_file_gives_every_array_of_one_length_and_its_speed(tmp_path):
    savemat(tmp_path / "a.mat", {"X105_DE_time": TONE[:, None], "X105_FE_time": 2 * TONE[:, None], "X105RPM": 1797.0})

    raw = arrays.read_mat(tmp_path / "a.mat")

    assert raw.channel_names == ("X105_DE_time", "X105_FE_time")
    np.testing.assert_allclose(raw.samples[:, 1], 2 * TONE, rtol=1e-6)
    assert (raw.rate, raw.rpm) == (None, 1797)


def test_structures_in_a_mat_file_are_looked_into(tmp_path):
    savemat(tmp_path / "a.mat", {"bearing": {"sr": 48_828.0, "gs": TONE, "load": 270.0}})

    raw = arrays.read_mat(tmp_path / "a.mat")

    assert (raw.rate, raw.channel_names) == (48_828, ("bearing.gs",))


def test_doubles_that_happen_to_be_whole_are_not_taken_for_converter_steps(tmp_path):
    savemat(tmp_path / "a.mat", {"x": np.arange(100, dtype=np.float64)})

    assert arrays.read_mat(tmp_path / "a.mat").samples[99, 0] == 99


def test_arrays_of_different_lengths_are_refused_by_name(tmp_path):
    savemat(tmp_path / "a.mat", {"x": TONE, "y": TONE[:100]})

    with pytest.raises(SoundFileError, match=r"x \(200\), y \(100\)"):
        arrays.read_mat(tmp_path / "a.mat")


def test_matlab_7_3_is_refused_with_the_way_to_save_it(tmp_path):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + bytes(64))

    with pytest.raises(SoundFileError, match="'-v7'"):
        arrays.read_mat(tmp_path / "a.mat")


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 900), flip=st.integers(0, 900), kind=st.sampled_from(["npy", "npz", "mat"]))
def test_a_damaged_file_is_samples_or_one_sentence(tmp_path_factory, cut, flip, kind):
    path = tmp_path_factory.getbasetemp() / f"any.{kind}"
    if kind == "npy":
        np.save(path, TONE.astype(np.float32))
    elif kind == "npz":
        np.savez_compressed(path, x=TONE, fs=8000.0)
    else:
        savemat(path, {"x": TONE, "fs": 8000.0}, do_compression=True)
    content = bytearray(path.read_bytes())
    content[flip % len(content)] ^= 0x55
    path.write_bytes(content[: max(1, len(content) - cut)])
    try:
        raw = {"npy": arrays.read_npy, "npz": arrays.read_npz, "mat": arrays.read_mat}[kind](path)
    except SoundFileError as fault:
        said = str(fault)
    else:
        assert raw.samples.ndim == 2
        return
    assert said.startswith(str(path))
