import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audio.formats import SoundFileError, table


def read(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text, "utf-8")
    return table.read(path)


def test_a_bare_column_of_numbers_has_no_rate(tmp_path):
    raw = read(tmp_path, "0.5\n-0.25\n\n1e-3\n")

    np.testing.assert_allclose(raw.samples, [[0.5], [-0.25], [1e-3]], rtol=1e-6)
    assert raw.rate is None


def test_names_and_a_time_column_are_understood(tmp_path):
    raw = read(tmp_path, "# logger 3\ntime,left,right\n0.0000,1,2\n0.0001,3,4\n0.0002,5,6\n")

    assert raw.channel_names == ("left", "right")
    assert raw.rate == pytest.approx(10_000)
    assert raw.samples.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_decimal_comma_between_semicolons_is_understood(tmp_path):
    assert read(tmp_path, "0,5;1,25\n-2;3\n").samples.tolist() == [[0.5, 1.25], [-2, 3]]


def test_a_bad_row_is_named(tmp_path):
    with pytest.raises(SoundFileError, match=r"a\.csv: row 3 is not 2 numbers"):
        read(tmp_path, "left,right\n1,2\n3,x\n")


def test_a_hole_in_the_time_column_is_no_recording(tmp_path):
    with pytest.raises(SoundFileError, match="does not rise in even steps"):
        read(tmp_path, "t,x\n0,1\n1,1\n2,1\n7,1\n")


def test_not_a_number_is_kept_for_judging_to_see(tmp_path):
    assert np.isnan(read(tmp_path, "1\nnan\n2\n").samples[1, 0])


def test_nothing_but_a_header_holds_no_samples(tmp_path):
    assert read(tmp_path, "time,x\n").samples.size == 0


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_numbers_or_one_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        raw = table.read(path)
    except SoundFileError as fault:
        said = str(fault)
    else:
        assert raw.samples.ndim == 2
        return
    assert said.startswith(str(path))
