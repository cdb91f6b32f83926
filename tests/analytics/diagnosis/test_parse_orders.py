"""Fault orders from the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.diagnosis.bearings import Orders, lookup, parse_orders

TEXT = "BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=0.398"


def test_orders_are_read_with_the_number_of_elements():
    assert parse_orders(TEXT) == Orders(9, 3.585, 5.415, 2.357, 0.398)
    assert parse_orders(" ftf=0.398, bsf=2.357, BPFI=5.415 ,bpfo=3.585").elements == 9


@pytest.mark.parametrize("name", ["6205", "608", "ZA-2115", "UC204"])
def test_every_known_bearing_can_be_written_as_orders(name):
    o = lookup(name)

    assert parse_orders(f"BPFO={o.bpfo:.3f},BPFI={o.bpfi:.3f},BSF={o.bsf:.3f},FTF={o.ftf:.3f}").elements == o.elements


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BPFO=3.585,BPFI=5.415,BSF=2.357", "FTF missing"),
        ("BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=x", "wanted a number, as FTF=3.585"),
        ("BPFX=3.585", "found 'BPFX=3.585'"),
        ("BPFO=1,BPFO=2", "each once"),
        ("BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=nan", "above 0"),
        ("BPFO=3.585,BPFI=5.9,BSF=2.357,FTF=0.398", "number of elements, twice"),
        ("BPFO=3.585,BPFI=5.415,BSF=2.357,FTF=0.602", "number of elements, twice"),
        ("", "found ''"),
    ],
)
def test_a_slip_of_the_pen_is_said_in_a_sentence(text, said):
    with pytest.raises(ValueError, match="orders: ") as told:
        parse_orders(text)
    assert said in str(told.value)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_be_refused(text):
    try:
        parse_orders(text)
    except ValueError as told:
        assert str(told).startswith(("orders: ", "bearing: "))  # noqa: PT017
