"""Alarms of one machine."""

from analytics.decision.persistence import Observation, Rule
from gateway.stations.episodes import REPEATED, Episodes

KEY = ("drive end", "outer race")


def seen(episodes, observations, key=KEY):
    return [episodes.observe(key, one, "2026-03-01T00:00:00.000+00:00", "warning", "text") for one in observations]


def fresh():
    ids = iter(("a", "b", "c"))
    return Episodes(Rule(2, 3), lambda: next(ids))


def test_an_episode_keeps_its_id_until_it_is_cleared_and_the_next_one_has_another():
    episodes = fresh()
    assert seen(episodes, [Observation.PRESENT] * 4) == [False, True, False, False]
    assert [(e.id, e.active) for e in episodes.report()] == [("a", True)]
    seen(episodes, [Observation.ABSENT] * 2)
    assert [(e.id, e.active) for e in episodes.report()] == [("a", False)]
    seen(episodes, [Observation.PRESENT] * 2)

    assert {(e.id, e.active) for e in episodes.report()} == {("a", False), ("b", True)}


def test_a_cleared_episode_is_repeated_for_a_while_and_then_left_out():
    episodes = fresh()
    seen(episodes, [Observation.PRESENT] * 2 + [Observation.ABSENT] * 2)

    told = [bool(episodes.report()) for _ in range(REPEATED + 2)]

    assert told == [True] * REPEATED + [False] * 2


def test_failure_modes_are_counted_apart():
    episodes = fresh()
    seen(episodes, [Observation.PRESENT])
    seen(episodes, [Observation.PRESENT], ("far end", "outer race"))

    assert not episodes.active()
    seen(episodes, [Observation.PRESENT])
    assert episodes.active("outer race")
    assert not episodes.active("inner race")


def test_what_is_critical_stays_critical_and_ending_clears_everything():
    episodes = fresh()
    seen(episodes, [Observation.PRESENT] * 2)
    episodes.escalate()
    assert [e.severity for e in episodes.report()] == ["critical"]

    episodes.end()

    assert [(e.severity, e.active) for e in episodes.report()] == [("critical", False)]
    assert seen(episodes, [Observation.PRESENT]) == [False]
