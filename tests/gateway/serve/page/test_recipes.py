"""What another version would have said of the last parts, beside it; and a station that watches a machine besides."""

from dataclasses import replace

import numpy as np
import pytest

from gateway.processes.cut import front_end_text
from gateway.processes.messages import RecipeView
from gateway.serve.page.recipes import pieces
from gateway.store.labels import ProposalRow, add_proposal
from models.recipe import load
from models.teach import scores_of
from tests.gateway.serve.snapshots import WALL, a_condition, a_part_view, a_snapshot
from tests.gateway.store.test_rescored import put
from tests.models.test_propose import a_recipe, rows_of

ROWS = rows_of(5, 200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A recipe of two versions that draw the limit elsewhere."""
    folder = tmp_path_factory.mktemp("recipes") / "casting"
    a_recipe(folder, goods=60)
    a_recipe(folder, goods=25)
    return folder


def judges_by(page, folder, version):
    recipe = load(folder / f"v{version}")
    view = RecipeView("casting", version, recipe.hash, True, "", (), folder=recipe.folder.as_posix())
    page.world.snapshot = a_snapshot(ring=a_part_view(recipes={1: view}))


async def test_beside_a_proposed_version_stands_what_it_would_change_and_the_parts_are_named(page, folder, tmp_path):
    put(tmp_path, ROWS, front_end_text(load(folder).model))
    judges_by(page, folder, 1)
    old, new = (scores_of(load(folder / f"v{number}").model, ROWS) > 1 for number in (1, 2))
    rejected, accepted = np.count_nonzero(new & ~old), np.count_nonzero(old & ~new)
    assert rejected + accepted > 0

    text = (await page.browser().get("/recipes")).text
    assert f"v2 instead of v1 would have judged {rejected + accepted} of the last 200 parts otherwise" in text
    assert f"{rejected} from OK to NotOK, {accepted} from NotOK to OK" in text
    assert 'href="/recipes/ring/1/2"' in text

    listed = (await page.browser().get("/recipes/ring/1/2")).text
    assert listed.count('<td class="tone">') == rejected + accepted
    assert f'href="/parts/{np.flatnonzero(old != new)[-1] + 1}"' in listed


async def test_going_back_is_told_the_same_way_and_what_stands_changes_nothing(page, folder, tmp_path):
    put(tmp_path, ROWS, front_end_text(load(folder).model))
    judges_by(page, folder, 2)

    assert "would have judged" not in (await page.browser().get("/recipes")).text
    assert "v1 instead of v2 would have judged" in (await page.browser().get("/recipes/ring/1/1")).text
    for path, why in (
        ("/recipes/ring/1/2", "by version 2 already"),
        ("/recipes/ring/7/1", "no recipe of type 7"),
        ("/recipes/nowhere/1/1", "no recipe of type 1 at station"),
    ):
        answer = await page.browser().get(path)
        assert answer.status == 404
        assert why in answer.text
    assert "no recipe at" in (await page.browser().get("/recipes/ring/1/99")).text


async def test_numbers_of_another_front_end_are_said_to_be_left_out(page, folder, tmp_path):
    put(tmp_path, ROWS[:3], front_end_text(load(folder).model).replace("48000", "16000"))
    judges_by(page, folder, 1)
    said = (await page.browser().get("/recipes")).text
    assert "No stored part of this type can be scored by both versions: 3 more left out: numbers made" in said


async def test_a_station_with_both_halves_leads_from_its_parts_to_its_machine_and_back(page, folder):
    snapshot = a_snapshot()
    both = replace(snapshot.stations[0], asset="PUMP-7", condition=a_condition())
    page.world.snapshot = replace(snapshot, stations=(both,))

    assert 'href="/stations/ring/machine"' in (await page.browser().get("/stations/ring")).text
    machine = (await page.browser().get("/stations/ring/machine")).text
    assert 'href="/stations/ring"' in machine
    assert "over normal" in machine
    assert "machine" in (await page.browser().get("/")).text


async def test_a_proposal_under_way_is_said_until_what_came_of_it_is_there(page, folder, store):
    judges_by(page, folder, 2)
    browser, csrf = await page.someone("quality")
    assert (await browser.post("/recipes/ring/1/propose", {"csrf": csrf})).status == 303
    assert "A next version is being made" in (await browser.get("/recipes")).text
    assert "A next version is being made" in (await browser.get("/recipes/rows")).text

    with store.commit() as db:
        add_proposal(db, ProposalRow(0, WALL, "ring", 1, "ana", "casting v1", None, "No proposal: too few labels.", {}))
    rows = (await browser.get("/recipes/rows")).text
    assert "No proposal: too few labels." in rows
    assert "being made" not in rows

    assert (await browser.post("/recipes/ring/1/propose", {"csrf": csrf})).status == 303
    assert "being made" in (await browser.get("/recipes")).text
    page.clock.time += 121  # its process was lost with the gateway
    assert "being made" not in (await browser.get("/recipes")).text


async def test_another_version_that_judges_marks_the_recipes_as_changed(page, folder):
    marks = []
    for version in (1, 1, 2):
        judges_by(page, folder, version)
        marks.append(pieces(page.app.state.show)["recipes-mark"])
    assert marks[0] == marks[1] != marks[2]
