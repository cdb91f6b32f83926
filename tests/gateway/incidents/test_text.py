"""The words of a work order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.diagnosis.named import MODES
from gateway.incidents.advice import ADVICE, NAMED
from gateway.incidents.book import Incident
from gateway.incidents.text import DISCLAIMER, TITLE_MAX, Finding, cut, evidence_line, order_text, order_title
from gateway.processes.condition import Diagnosis, Line, RemainingLife, WearView

BPFO = Line("BPFO", 3.585, 107.4, (14.0, 11.0, 9.2, 7.0, 2.0))
BPFI = Line("BPFI", 5.415, 162.2, (6.5,))
OUTER = Diagnosis(
    "outer race", "BPFO", "a comb of 4 harmonics in both envelopes", "drive end", None, 1797.0, (BPFO, BPFI)
)


def incident(text="PUMP-7 drive end bearing: outer race indication, +12 dB in 6 days; a comb", mode="outer race"):
    return Incident(
        "KEYKEYKEYKEYKEY2", "pump-7", "PUMP-7", mode, "warning", text, datetime(2026, 11, 24, tzinfo=UTC), {}
    )


def finding(title="Pump 7", diagnosis=OUTER, level=12.3, page="https://plant/pump-7"):
    return Finding(title, diagnosis, level, "frozen 2026-11-18", "2026-11-24 13:00 CET", "Casting line 2", page)


def test_the_title_reads_as_a_technician_speaks():
    title = order_title(incident(), finding())
    assert title == "Pump 7 drive end bearing: outer race indication, +12 dB in 6 days"


def test_a_title_is_made_where_the_sentence_gives_none():
    title = order_title(incident("abnormal", "abnormal sound"), finding(diagnosis=Diagnosis("none", None, "")))
    assert title == "Pump 7: abnormal sound, +12 dB"


def test_the_evidence_is_one_line_with_its_arithmetic():
    assert evidence_line(BPFO) == "107.4 Hz = 3.58 x 29.96 Hz, 4 harmonics, 7 to 14 dB over their surroundings"


def test_the_text_says_everything_a_person_needs_to_believe_it():
    text = order_text(incident(), finding())

    for wanted in (
        "Heard: PUMP-7 drive end bearing",
        "Since: 2026-11-24 13:00 CET",
        "no calibrated probability",
        "BPFO 107.4 Hz = 3.58 x 29.96 Hz",
        "Also considered: BPFI (162.2 Hz",
        "no trend",
        "Check first: Check lubrication",
        "mark on the outer ring",
        "https://plant/pump-7",
        "Key: KEYKEYKEYKEYKEY2",
        DISCLAIMER,
    ):
        assert wanted in text


def test_a_reason_is_said_once_and_equal_levels_are_one_number():
    flat = Diagnosis(
        "outer race", "BPFO", "3 of 3 lines", "drive end", None, None, (Line("BPFO", 3.5, 87.8, (26.2, 25.8)),)
    )
    text = order_text(
        incident("PUMP-7: outer race, +6 dB; 3 of 3 lines; still heard after order 1001 done"), finding(diagnosis=flat)
    )

    assert text.count("3 of 3 lines") == 1
    assert "Heard: PUMP-7: outer race, +6 dB; still heard after order 1001 done\n" in text
    assert "2 harmonics, 26 dB over" in text


def test_a_level_alone_claims_no_line():
    text = order_text(incident("x", "abnormal sound"), finding(diagnosis=Diagnosis("none", None, "nothing found")))
    assert "level alone" in text
    assert "nothing stood out" in text


WORN = WearView("alarm", "rising", 7.2, RemainingLife(123.0, 410.0, 1234.0), "level_db +7.2 dB over baseline, rising")


def test_wear_is_told_with_its_interval_and_what_was_read_beside_it():
    worn = replace(finding(), wear=WORN, named={"crackle": 7.5, "hum": None}, covariates={"load": 81.25})

    text = order_text(incident(), worn)

    assert "Wear: alarm, rising; level_db +7.2 dB over baseline, rising.\n" in text
    assert "Remaining life: 120 to 1,200 h of running, middle 410 h" in text
    assert "Indicators: crackle +7.5 dB over normal.\n" in text
    assert "Beside it: load 81.25.\n" in text


def test_the_words_are_those_of_an_instrument_and_what_an_analyst_needs_is_named():
    text = order_text(incident(), finding())

    assert "Category I " in text
    assert "Category II, ISO 18436-2" in text
    assert "Remaining life: no trend, so no number." in text


@pytest.mark.parametrize("mode", [*MODES, "wear", "outer race", "abnormal sound"])
def test_every_failure_mode_says_what_to_check_and_what_would_confirm_it(mode):
    named = Diagnosis(mode, None, "crackle +8 dB over normal")

    text = order_text(incident(f"PUMP-7: {mode} indication, crackle +8 dB in 6 days", mode), finding(diagnosis=named))

    assert "Check first: " in text
    assert "Would confirm it: " in text
    assert (mode in ADVICE) == (mode not in {"other", "abnormal sound"})
    if mode in NAMED and mode != "wear":
        assert "Evidence: crackle +8 dB over normal; the attached spectrum shows it." in text


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=200))
def test_a_title_always_fits_whatever_the_site_file_and_the_worker_say(title, text, mode):
    made = order_title(incident(text, mode), finding(title))
    assert 0 < len(made) <= TITLE_MAX
    assert made.isprintable()


@given(st.text(max_size=500), st.integers(2, 200))
def test_cutting_keeps_what_fits_and_never_more(text, most):
    short = cut(text, most)
    assert len(short) <= most
    if len(text) <= most and text.isprintable():
        assert short == text
