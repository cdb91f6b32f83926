"""Which of the plant's tags the ledger hears of."""

import pytest

from connectors.plc.port import PlantValue
from gateway.processes.plant_tags import AGAIN_S, AlertTags, tag_name

RUNS, OIL = tag_name("inhibit", "line stands"), tag_name("witness", "oil")


def values(**said):
    names = {"runs": RUNS, "oil": OIL, "rpm": "pump-7.rpm"}
    return {names[key]: PlantValue(value) for key, value in said.items()}


@pytest.fixture
def tags():
    return AlertTags()


def test_only_tags_of_rules_are_passed_on(tags):
    assert tags.take(values(rpm=1480.0), 0.0) is None
    assert dict(tags.take(values(rpm=1480.0, runs=True), 0.0).values) == {RUNS: True}


def test_what_has_not_changed_is_said_again_now_and_then_for_a_ledger_that_was_restarted(tags):
    assert tags.take(values(runs=True, oil=60.0), 0.0) is not None
    assert tags.take(values(runs=True, oil=60.0), AGAIN_S - 0.1) is None
    assert dict(tags.take(values(runs=True, oil=60.0), AGAIN_S).values) == {RUNS: True, OIL: 60.0}


def test_a_change_and_a_tag_that_is_not_known_any_more_are_said_at_once(tags):
    tags.take(values(runs=True), 0.0)
    assert dict(tags.take(values(runs=False), 0.1).values) == {RUNS: False}
    assert dict(tags.take(values(runs=None), 0.2).values) == {RUNS: None}
