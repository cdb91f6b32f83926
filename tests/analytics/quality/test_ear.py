import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.quality.ear import EarState, ear_step
from analytics.quality.words import Quality

RATE = 8_000
NOISE = np.random.default_rng(14).normal(0, 0.05, 3 * RATE).astype(np.float32)


def second(sound):
    _, reports = ear_step(EarState(RATE), np.asarray(sound, np.float32)[:RATE])
    (report,) = reports
    return report


def with_values(values, count):
    sound = NOISE[:RATE].copy()
    sound[:count] = values
    return sound


@pytest.mark.parametrize(
    ("sound", "words", "said"),
    [
        (NOISE, (), "Hears -26 dB"),
        (np.zeros(RATE), (Quality.SILENT,), "digital silence"),
        (NOISE * 1e-4, (Quality.SILENT,), "only -106 dB"),
        (NOISE * 0.006, (), "Hears -70 dB"),
        (np.full(RATE, 0.01), (Quality.FROZEN,), "the same sample for 1.0 s"),
        (with_values(0.01, 4100), (Quality.FROZEN,), "the same sample for 0.5 s"),
        (with_values(1.0, 100), (Quality.CLIPPED,), "1.2% of its samples at full scale"),
        (NOISE + 0.1, (Quality.DC,), "constant offset of 0.10"),
        (with_values(np.nan, 7), (Quality.NOT_FINITE,), "7 of 8000 samples are no numbers"),
        (np.full(RATE, np.inf), (Quality.NOT_FINITE,), "8000 of 8000"),
        (np.ones(RATE), (Quality.FROZEN, Quality.CLIPPED, Quality.DC), "100.0%"),
    ],
)
def test_each_way_an_ear_fails_has_its_word_and_a_sentence(sound, words, said):
    report = second(sound)
    assert report.quality == words
    assert said in report.sentence


def test_the_level_is_none_only_where_nothing_finite_was_heard():
    assert second(np.full(RATE, np.nan)).level_db is None
    assert second(with_values(np.nan, RATE - 1)).level_db is not None
    assert second(np.zeros(RATE)).level_db == -240.0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3 * RATE), max_size=8))
def test_reports_do_not_depend_on_how_the_stream_was_cut(cuts):
    sound = NOISE.copy()
    sound[5000:11_000] = 0.02
    sound[20_000:20_050] = 1.0
    _, whole = ear_step(EarState(RATE), sound)

    state, pieces = EarState(RATE), []
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(sound)], strict=True):
        state, reports = ear_step(state, sound[first:last])
        pieces.extend(reports)

    assert [(r.start, r.stop, r.quality, r.sentence) for r in pieces] == [
        (r.start, r.stop, r.quality, r.sentence) for r in whole
    ]
    assert [r.level_db for r in pieces] == pytest.approx([r.level_db for r in whole])


def test_a_run_that_began_in_the_second_before_is_counted_whole():
    sound = NOISE[: 2 * RATE].copy()
    sound[RATE - 3000 : RATE + 3000] = 0.01
    _, (before, after) = ear_step(EarState(RATE), sound)
    assert before.quality == ()
    assert after.quality == (Quality.FROZEN,)


def test_after_a_gap_the_seconds_count_from_there():
    _, (report,) = ear_step(EarState(RATE, start=123), NOISE[:RATE])
    assert (report.start, report.stop) == (123, 123 + RATE)
