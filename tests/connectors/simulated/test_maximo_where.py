import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulated.maximo_fields import Refusal
from connectors.simulated.maximo_where import parse_order, parse_select, parse_where

ROW = {"wonum": "1001", "status": "WAPPR", "wopriority": 3, "historyflag": False, "description": 'a "b" (c), or d'}


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        ('wonum="1001"', True),
        ('spi:wonum="1001"', True),
        ('wonum!="1001"', False),
        ('wonum="10%"', True),
        ('wonum="%9%"', False),
        ('wonum="*"', True),
        ('assetnum="*"', False),
        ('assetnum!="*"', True),
        ('status in ["WAPPR","APPR"]', True),
        ('status in["COMP"]', False),
        ("wopriority>2 and wopriority<=3", True),
        ("wopriority>3", False),
        ('wopriority>"2"', False),
        ("historyflag=0", True),
        ("historyflag=false", True),
        ("historyflag=1", False),
        ('description="a \\"b\\" (c), or d"', True),
        ('wonum>"1000" and status="WAPPR"', True),
        ('wonum = "1001"  and  status = "WAPPR"', True),
    ],
)
def test_a_clause_holds_as_in_maximo(clause, holds):
    assert all(term.holds(ROW) for term in parse_where(clause)) is holds


@pytest.mark.parametrize(
    "clause",
    [
        '(status="WAPPR")',
        'status="A" or status="B"',
        'status in ["A", "B"]',
        'status in [ "A","B"]',
        "status in []",
        'status like "A%"',
        "status=WAPPR",
        'status="WAPPR',
        'status="A" and',
        'status="A"and status="B" x',
        "and",
        " ",
    ],
)
def test_what_the_real_parser_was_seen_to_refuse_is_refused(clause):
    with pytest.raises(Refusal) as refusal:
        parse_where(clause)
    assert (refusal.value.status, refusal.value.code) == (400, "BMXAA8744E")


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_and_nothing_else(text):
    try:
        terms = parse_where(text)
    except Refusal:
        return
    assert terms


def test_an_order_needs_its_sign():
    assert parse_order("+wonum,-spi:status") == [("wonum", False), ("status", True)]
    for text in ("wonum", " wonum", ""):
        with pytest.raises(Refusal):
            parse_order(text)


def test_a_select_names_fields_and_fields_of_children():
    assert parse_select("wonum,spi:status,worklog{description,spi:logtype}") == {
        "wonum": [],
        "status": [],
        "worklog": ["description", "logtype"],
    }
