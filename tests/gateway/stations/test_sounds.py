"""A station that listens for glass: whole = pieces, one episode, over after a while of quiet."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stations.plan import SoundsPlan
from gateway.stations.sounds import Namer, SoundsStation, load_namer
from models.kinds_folder import write_kinds
from models.recipe_files import RecipeError
from models.sound_kinds import learn
from tests.models.glass import RATE, glass, machine, over, student, taught


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return self.seconds

    def wall(self):
        return datetime(2026, 11, 24, 12, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)


@pytest.fixture(scope="module")
def namer():
    return Namer(learn(taught(), 1.0)[0], student())


def station(namer, clock=None, **plan):
    plan = SoundsPlan("kinds", **({"zone": "hall 3"} | plan))
    return SoundsStation("gate", plan, RATE, clock or Clock(), iter("abcdefgh").__next__, lambda _: namer)


def listen(one, sound, cuts, clock=None, start=0):
    """Feed a sound cut into pieces; the reports, one a second."""
    reports = []
    for first, last in zip([0, *cuts], [*cuts, len(sound)], strict=True):
        one.feed(sound[first:last], start + first)
        if clock is not None:
            clock.seconds += (last - first) / RATE
            if one.due(clock.now()):
                reports.append(one.report(clock.now(), clock.wall()))
    return reports


def every(seconds, sound):
    return range(round(seconds * RATE), len(sound), round(seconds * RATE))


def test_glass_beside_a_machine_is_one_episode_and_over_after_half_a_minute(namer):
    clock = Clock()
    sound = over(over(machine(45.0), 5.0, glass(300)), 8.0, glass(301))

    reports = listen(station(namer, clock), sound, every(0.05, sound), clock)

    assert {episode.id for report in reports for episode in report.episodes} == {"a"}
    lasting = {int(report.at): any(one.active for one in report.episodes) for report in reports}
    assert [lasting[second] for second in (3, 10, 44)] == [False, True, False]
    heard = reports[-1].heard
    assert (heard.kind, heard.count) == ("glass", 2)
    assert heard.since < heard.last
    assert "hall 3" in reports[-1].episodes[0].text


def test_a_machine_alone_is_no_event(namer):
    clock = Clock()
    sound = machine(20.0)

    reports = listen(station(namer, clock), sound, every(0.05, sound), clock)

    assert all(report.heard is None and not report.episodes for report in reports)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 4 * RATE - 1), max_size=12, unique=True))
def test_what_is_heard_does_not_depend_on_how_the_stream_was_cut(namer, cuts):
    sound = over(machine(4.0), 1.3, glass(302))
    whole, pieces = station(namer), station(namer)

    listen(whole, sound, [])
    listen(pieces, sound, sorted(cuts))

    wall = Clock().wall()
    assert whole.report(9.0, wall).heard == pieces.report(9.0, wall).heard


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_silence_gaps_and_what_is_not_finite_raise_nothing_and_break_nothing(namer, broken):
    one = station(namer)
    one.feed(np.zeros(RATE, np.float32), 0)
    one.feed(np.full(RATE, broken, np.float32), RATE)
    one.feed(machine(2.0), 10 * RATE)
    one.feed(np.ones(1, np.float32), 100 * RATE)
    assert one.report(1.0, Clock().wall()).heard is None

    sound = over(machine(3.0), 1.0, glass(303))
    one.feed(sound, 200 * RATE)
    assert one.report(2.0, Clock().wall()).heard.kind == "glass"


@pytest.mark.parametrize("keep_sound", ["never", "rejects", "all"])
def test_an_event_brings_its_spectrum_and_its_sound_only_where_that_may_be_written(namer, keep_sound):
    clock = Clock()
    sound = over(machine(6.0), 2.0, glass(305))

    reports = listen(station(namer, clock, keep_sound=keep_sound), sound, every(0.05, sound), clock)

    (evidence,) = [report.evidence for report in reports if report.evidence is not None]
    (episode,) = {one.id for report in reports for one in report.episodes}
    assert evidence.episode == episode
    assert evidence.frequency_hz[-1] == RATE / 2
    assert evidence.level_db.shape == evidence.frequency_hz.shape
    assert (evidence.sound is not None) == (keep_sound != "never")
    if evidence.sound is not None:
        pieces = np.lib.stride_tricks.sliding_window_view(sound, round(2.5 * RATE))[:: RATE // 4]
        assert any(np.array_equal(evidence.sound, piece) for piece in pieces)
        assert len(evidence.before) > 0


def test_the_clip_of_an_event_ends_where_sound_is_missing(namer):
    one = station(namer, keep_sound="all")
    sound = over(machine(3.0), 1.0, glass(303))
    one.feed(sound, 5 * RATE)
    one.feed(machine(2.0), 20 * RATE)

    evidence = one.report(1.0, Clock().wall()).evidence

    assert len(evidence.sound) < 2.5 * RATE
    assert np.isin(evidence.sound, sound).all()


def test_single_kinds_have_their_own_severity(namer):
    for severities, wanted in (({}, "critical"), ({"glass": "warning"}, "warning")):
        one = station(namer, severities=severities)
        one.feed(over(machine(3.0), 1.0, glass(304)), 0)
        assert one.report(1.0, Clock().wall()).episodes[0].severity == wanted


def test_kinds_that_cannot_be_used_are_said_and_the_station_lives_on(tmp_path):
    one = SoundsStation("gate", SoundsPlan(str(tmp_path / "none")), RATE, Clock(), str)

    one.feed(np.ones(RATE, np.float32), 0)

    report = one.report(1.0, Clock().wall())
    assert "teach-sounds" in report.fault
    assert report.kinds == ()


def test_a_swapped_embedding_or_an_untaught_severity_is_refused(tmp_path, namer):
    kinds, report = learn(taught(), 1.0)
    write_kinds(tmp_path / "other", kinds, report, ("student", "0" * 64))
    with pytest.raises(RecipeError, match="taught through student 000000000000"):
        load_namer(SoundsPlan(str(tmp_path / "other")))
    write_kinds(tmp_path / "same", kinds, report, ("student", namer.embedding.sha256))
    with pytest.raises(RecipeError, match="severity of shout"):
        load_namer(SoundsPlan(str(tmp_path / "same"), severities={"shout": "warning"}))
    assert load_namer(SoundsPlan(str(tmp_path / "same"))).kinds.names == ("glass",)
