import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from gateway.audio.formats import SoundFileError
from gateway.audio.formats.matlab import leaves_of


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]),
    shape=st.tuples(st.integers(2, 5), st.integers(1, 5)),
    packed=st.booleans(),
)
def test_arrays_of_every_class_are_read_as_scipy_reads_them(tmp_path_factory, dtype, shape, packed):
    path = tmp_path_factory.getbasetemp() / "class.mat"
    values = np.arange(shape[0] * shape[1]).reshape(shape).astype(dtype)
    savemat(path, {"x": values, "longer_name": values[::-1]}, do_compression=packed)

    found, wanted = leaves_of(path), loadmat(path, squeeze_me=True, mat_dtype=True)

    for name in ("x", "longer_name"):
        np.testing.assert_array_equal(found[name], wanted[name])
        assert found[name].dtype == wanted[name].dtype


def test_structures_within_structures_are_read_and_other_things_passed_over(tmp_path):
    inner = {"fs": 48_000.0, "unit": "g", "x": np.arange(5.0)}
    savemat(tmp_path / "a.mat", {"run": {"bearing": inner, "cells": np.array([1, "a"], object)}, "text": "hello"})

    found = leaves_of(tmp_path / "a.mat")

    assert sorted(found) == ["run.bearing.fs", "run.bearing.x"]
    np.testing.assert_array_equal(found["run.bearing.x"], np.arange(5.0))


def element(kind, body, order=">"):
    return struct.pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)


def a_file(body, order=">"):
    return (
        b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}H", 0x0100) + (b"MI" if order == ">" else b"IM") + body
    )


def test_a_file_from_a_machine_of_the_other_byte_order_is_read(tmp_path):
    matrix = b"".join([
        element(6, struct.pack(">II", 6, 0)), element(5, struct.pack(">ii", 3, 1)), element(1, b"x"),
        element(9, struct.pack(">3d", 1.5, -2.0, 3.0)),
    ])  # fmt: skip
    (tmp_path / "a.mat").write_bytes(a_file(element(14, matrix)))

    assert leaves_of(tmp_path / "a.mat")["x"].tolist() == [1.5, -2.0, 3.0]


def test_an_array_larger_than_its_bytes_is_refused(tmp_path):
    matrix = b"".join([
        element(6, struct.pack(">II", 6, 0)), element(5, struct.pack(">ii", 2**31 - 1, 2**31 - 1)), element(1, b"x"),
        element(9, bytes(8)),
    ])  # fmt: skip
    (tmp_path / "a.mat").write_bytes(a_file(element(14, matrix)))

    with pytest.raises(SoundFileError, match="8 bytes for an array of 2147483647 x 2147483647"):
        leaves_of(tmp_path / "a.mat")


def test_packed_data_that_swells_beyond_all_sense_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.audio.formats.matlab.MOST_BYTES", 10_000)
    packed = zlib.compress(bytes(100_000))
    (tmp_path / "a.mat").write_bytes(a_file(struct.pack(">II", 15, len(packed)) + packed))

    with pytest.raises(SoundFileError, match="when unpacked"):
        leaves_of(tmp_path / "a.mat")


def test_a_file_of_matlab_4_says_how_to_save_it(tmp_path):
    (tmp_path / "a.mat").write_bytes(struct.pack("<5i", 0, 3, 1, 0, 2) + b"x\0" + bytes(24))

    with pytest.raises(SoundFileError, match="not a MATLAB 5 file; save it with"):
        leaves_of(tmp_path / "a.mat")


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=120), order=st.sampled_from("<>"))
def test_any_bytes_are_arrays_or_one_sentence(tmp_path_factory, body, order):
    path = tmp_path_factory.getbasetemp() / "any.mat"
    path.write_bytes(a_file(body, order))
    try:
        leaves_of(path)
    except SoundFileError as fault:
        said = str(fault)
    else:
        return
    assert said.startswith(f"{path}: ")
