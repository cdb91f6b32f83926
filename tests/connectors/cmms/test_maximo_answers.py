import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.cmms.maximo_answers import Meaning, read_problem
from connectors.cmms.maximo_line import Answer

JSON = {"content-type": "application/json"}


def refused(status, error, name="Error"):
    return read_problem(Answer(status, JSON, json.dumps({name: error}).encode()))


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (401, "BMXAA0021E", Meaning.AUTH),
        (400, "BMXAA7901E", Meaning.AUTH),
        (400, "BMXAA9301E", Meaning.SETUP),
        (403, "BMXAA9301E", Meaning.SETUP),
        (400, "BMXAA9766E", Meaning.SETUP),
        (400, "BMXAA4129E", Meaning.DUPLICATE),
        (400, "BMXAA4195E", Meaning.INVALID),
        (400, "BMXAA4153E", Meaning.INVALID),
        (400, "BMXAA2661E", Meaning.INVALID),
        (400, "BMXAA0090E", Meaning.INVALID),
        (400, "BMXAA4190E", Meaning.OPTIONAL),
        (400, "BMXAA4191E", Meaning.OPTIONAL),
        (400, "BMXAA4049E", Meaning.INVALID),
        (412, "BMXAA8229W", Meaning.CHANGED),
        (409, "BMXAA8229W", Meaning.CHANGED),
        (400, "BMXAA4200E", Meaning.CHANGED),
        (500, "BMXAA4211E", Meaning.LOOK),
        (500, "BMXAA4160E", Meaning.LOST),
        (400, "BMXAA6395E", Meaning.LOST),
        (400, "BMXAA4494E", Meaning.OPTIONAL),
        (400, "BMXAA4638E", Meaning.INVALID),
        (400, "BMXAA8744E", Meaning.INVALID),
        (400, "BMXAA9999E", Meaning.INVALID),
    ],
)
def test_a_known_code_decides_whatever_the_status(status, code, meaning):
    # The message is in the language of Maximo's user and decides nothing.
    assert refused(status, {"reasonCode": code, "message": f"{code} - 資産が無効です。"}).meaning is meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (302, Meaning.AUTH),
        (401, Meaning.AUTH),
        (403, Meaning.SETUP),
        (404, Meaning.MISSING),
        (407, Meaning.AUTH),
        (408, Meaning.LOST),
        (409, Meaning.DUPLICATE),
        (412, Meaning.CHANGED),
        (413, Meaning.INVALID),
        (414, Meaning.INVALID),
        (429, Meaning.BUSY),
        (500, Meaning.LOST),
        (502, Meaning.LOST),
        (503, Meaning.LOST),
        (504, Meaning.LOST),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"Error":null}', b"\xff"])
def test_without_a_code_the_status_decides(status, meaning, body):
    assert read_problem(Answer(status, {}, body)).meaning is meaning


@pytest.mark.parametrize("name", ["Error", "error", "oslc:Error"])
def test_an_error_is_found_under_each_of_its_names(name):
    prefix = "spi:" if name == "oslc:Error" else ""
    problem = refused(
        400, {f"{prefix}reasonCode": "BMXAA4153E", "errorattrname": "SITEID", "statusCode": 400, "message": "no"}, name
    )

    assert (problem.code, problem.field) == ("BMXAA4153E", "siteid")
    assert problem.sentence == "Maximo answered 400 about siteid: BMXAA4153E: no"


def test_a_good_answer_is_no_problem():
    for status, headers, body in [
        (201, {}, b""),
        (204, {}, b""),
        (200, JSON, b"{}"),
        (200, JSON, b'\xef\xbb\xbf{"a":1}'),
    ]:
        assert read_problem(Answer(status, headers, body)) is None


def test_an_error_under_a_good_status_is_still_an_error():
    assert refused(200, {"reasonCode": None, "message": "no"}).meaning is Meaning.INVALID


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>", b"  \n<html>"])
def test_a_page_where_data_was_asked_for_is_a_login(body):
    assert read_problem(Answer(200, JSON, body)).meaning is Meaning.AUTH


def test_a_redirect_names_the_host_and_not_its_secrets():
    answer = Answer(302, {"location": "https://sso.example.com/login?ticket=abc"}, b"")

    assert "sso.example.com" in read_problem(answer).sentence
    assert "abc" not in read_problem(answer).sentence
    assert read_problem(Answer(302, {"location": "http://[broken"}, b"")).meaning is Meaning.AUTH


@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["content-type", "retry-after", "date", "location"]), st.text(max_size=30)),
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=10),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Error", "error", "reasonCode"]), inner),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_no_answer_breaks_the_reader_and_each_problem_is_one_short_sentence(status, headers, body):
    problem = read_problem(Answer(status, headers, body))

    assert problem is not None or status < 300
    if problem is not None:
        assert "\n" not in problem.sentence
        assert len(problem.sentence) < 600
        assert 1.0 <= problem.wait_s <= 3600.0


def test_a_body_nested_without_end_is_no_json():
    assert Answer(200, JSON, b"[" * 200_000).json() is None
