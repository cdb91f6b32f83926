import html
import re

from hypothesis import example, given
from hypothesis import strategies as st

from connectors.cmms.maximo_text import description, file_name, header_pair, one_line, quoted, rich, shortened, where
from connectors.simulated.maximo_where import parse_where

ANY_TEXT = st.text(st.characters(codec=None), max_size=150)
PRINTABLE = st.text(st.characters(exclude_categories=["C"]), max_size=40)


@given(PRINTABLE, PRINTABLE)
@example('PUMP "7"', "a\\b")
@example('" and status="CAN', "x")
@example("(a, b)", "in [")
def test_a_quoted_value_is_one_value_for_the_parser_whatever_it_holds(first, second):
    terms = parse_where(where(assetnum=first, siteid=second))

    assert [(term.name, term.operator, term.wanted) for term in terms] == [
        ("assetnum", "=", (first,)),
        ("siteid", "=", (second,)),
    ]


@given(ANY_TEXT)
def test_a_where_clause_holds_no_parenthesis_outside_quotes_and_no_control_at_all(value):
    clause = where(assetnum=value, historyflag=0)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", clause)

    assert outside == "assetnum= and historyflag=0"
    assert not re.search(r"[\x00-\x1f]", clause)


def test_quotes_and_backslashes_are_escaped():
    assert quoted('a"b\\c%') == '"a\\"b\\\\c%"'


@given(ANY_TEXT, st.integers(1, 120))
def test_a_shortened_text_fits_is_one_line_and_begins_like_the_text(text, length):
    cut = shortened(text, length)

    assert len(cut) <= length
    assert "\n" not in cut
    assert "\x00" not in cut
    assert one_line(text).startswith(cut.removesuffix("..."))


def test_a_short_text_is_left_alone_and_a_long_one_ends_between_words():
    assert shortened("x" * 100, 100) == "x" * 100
    assert shortened("x" * 101, 100) == "x" * 97 + "..."
    assert shortened("\U0001f600" * 101, 100) == "\U0001f600" * 97 + "..."
    assert shortened("Pump 7 drive end bearing: outer race indication", 43) == "Pump 7 drive end bearing: outer race..."
    assert shortened("Pump 7: bearing, worn out", 19) == "Pump 7: bearing..."


@given(PRINTABLE.filter(str.strip), ANY_TEXT)
def test_a_description_always_shows_the_failure_mode(title, rest):
    shown = description(title + rest, "outer race", 60)

    assert "outer race" in shown.casefold()
    assert len(shown) <= 60


def test_a_title_that_names_the_failure_mode_is_sent_as_it_is():
    assert description("Pump 7: Outer race indication", "outer race", 100) == "Pump 7: Outer race indication"
    assert description("Pump 7 is loud", "cage", 100) == "Pump 7 is loud [cage]"
    assert description("Pump 7 is loud", "cage", 4) == "cage"


@given(ANY_TEXT, st.integers(20, 300))
@example("&" * 100, 21)
@example("<" * 100, 30)
def test_a_long_description_fits_and_holds_no_markup_but_line_ends(text, length):
    shown = rich(text, length)

    assert len(shown) <= length
    assert "<" not in shown.replace("<br>", "")
    # No entity is cut in two.
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", shown, re.DOTALL)


@given(st.lists(PRINTABLE.map(str.strip).filter(bool), min_size=1, max_size=5))
def test_a_long_description_reads_back_as_the_same_lines(lines):
    shown = rich("\r\n".join(lines), 32000)

    assert [html.unescape(line) for line in shown.split("<br>")] == lines


def test_a_text_of_a_megabyte_is_cut_at_a_line():
    shown = rich("one line of text\n" * 60000, 32000)

    assert len(shown) <= 32000
    assert shown.endswith("one line of text<br>...")


@given(ANY_TEXT)
def test_a_file_name_is_never_empty_and_names_no_folder(name):
    safe = file_name(name)

    assert safe
    assert not set(safe) & set('/\\":<>|?*;\r\n\x00')
    assert safe not in {".", ".."}


@given(ANY_TEXT)
@example("\ud800")
@example("a\r\nX-Evil: 1")
def test_a_header_is_printable_ascii_whatever_the_text(text):
    for value in header_pair("slug", "encslug", text).values():
        assert value.isascii()
        assert value.isprintable()


def test_an_empty_text_needs_no_header():
    assert header_pair("slug", "encslug", "") == {}
    assert header_pair("slug", "encslug", "a.png") == {"slug": "a.png"}
    assert header_pair("slug", "encslug", "ü") == {"encslug": "w7w="}
