"""How much people are rung, on the page and to programs."""

from dataclasses import replace

import pytest

from gateway.processes.budget import Budget, Load, Offender
from gateway.serve.page.budget import pieces

LOADS = (Load("pager", 14, 0.097, 3.0, 0.04, 0), Load("panel", 200, 1.4, 12.0, 0.3, 2))
WORST = (
    Offender("pump-7", "outer race", 9, 1, 40, 3, 0.6),
    Offender("ring", "PlcLinkDown", 6, 0, 0, 0, 0.4),
)
BUDGET = Budget("2026-11-24T12:00:00+00:00", 2, "pager", 0.5, False, LOADS, WORST)


def measured(page, budget):
    page.world.snapshot = replace(page.world.snapshot, budget=budget)


async def test_the_incidents_view_shows_the_load_its_limits_and_what_rang_most(page):
    measured(page, BUDGET)
    text = (await page.browser().get("/incidents")).text
    assert "0.5 in the last 10 min for each operator, on pager" in text
    assert "1 in 10 min is acceptable, 2 the most one can manage, over 10 a flood" in text
    assert text.index("outer race") < text.index("PlcLinkDown")
    assert "2 operators to a channel" in text


@pytest.mark.parametrize(
    ("rate", "flood", "word"),
    [
        (0.5, False, "acceptable"),
        (1.5, False, "more than is acceptable for long"),
        (9.0, False, "more than can be managed"),
        (6.0, True, "a flood"),
    ],
)
async def test_the_load_is_a_word_and_a_shape(page, rate, flood, word):
    measured(page, replace(BUDGET, rate=rate, flood=flood))
    piece = pieces(page.app.state.show)["alarm-budget"]
    assert f"</span> {word}</span></h2>" in piece
    assert 'id="alarm-budget"' in piece


async def test_before_anything_was_measured_the_view_says_so(page):
    text = (await page.browser().get("/incidents")).text
    assert "not measured yet" in text
    assert "Nobody was rung" not in text


async def test_nobody_rung_is_said_plainly(page):
    measured(page, Budget("2026-11-24T12:00:00+00:00", 1, "", 0.0, flood=False))
    assert "Nobody was rung in the last 24 hours." in (await page.browser().get("/incidents")).text


async def test_programs_get_the_same_numbers(page):
    measured(page, BUDGET)
    found = (await page.browser().get("/api/v1/alarms/budget")).json
    assert (found["rate"], found["operators"], found["flood"], found["channel"]) == (0.5, 2, False, "pager")
    assert found["limits"] == {"acceptable": 1, "manageable": 2, "flood_over": 10, "flood_ends_under": 5}
    assert [(one["channel"], one["acceptable"]) for one in found["day"]] == [("pager", True), ("panel", False)]
    assert found["worst"][0] == {
        "station": "pump-7", "what": "outer race", "rings": 9, "share": 0.6, "incidents": 1, "episodes": 40,
        "kept_back": 3,
    }  # fmt: skip


async def test_programs_are_asked_to_come_again_before_anything_was_measured(page):
    answer = await page.browser().get("/api/v1/alarms/budget")
    assert (answer.status, answer.json["error"]) == (503, "nothing was measured yet; ask again")
