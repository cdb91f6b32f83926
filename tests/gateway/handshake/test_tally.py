from gateway.handshake.state import StationRules
from gateway.handshake.tally import Tally


def test_one_cause_is_spoken_of_once_in_ten_seconds_with_how_often_it_was():
    tally = Tally(StationRules("ring"))
    assert tally.count("missed", 2, 0.0) == ("triggers-missed", "2 triggers were never seen: the PLC counted on")
    assert tally.count("missed", 3, 5.0) is None
    assert tally.count("torn", 1, 5.0) is not None
    assert tally.count("missed", 1, 10.0) == ("triggers-missed", "4 triggers were never seen: the PLC counted on")
    assert tally.counters.missed == 6


def test_a_defect_nobody_gave_a_code_is_unknown():
    tally = Tally(StationRules("ring"))
    tally.codes = {"crack": 2}
    assert [tally.defect_code(defect) for defect in (None, "crack", "unknown", "new")] == [0, 2, 1, 1]


def test_a_recipe_that_drifts_is_an_alarm_while_it_does_and_an_event_on_its_edges():
    tally = Tally(StationRules("ring"))
    assert tally.drift("") is None
    assert tally.drift("Parts sound stranger") == ("alarm-raised", "RecipeDrifts: Parts sound stranger")
    assert tally.drift("Parts sound stranger still") is None
    assert tally.alarms == {"RecipeDrifts": "Parts sound stranger still"}
    assert tally.drift("") == ("alarm-cleared", "RecipeDrifts: no longer")
    assert tally.alarms == {}
