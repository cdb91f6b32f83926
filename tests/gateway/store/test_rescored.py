"""What another version would have said of stored parts, by their numbers alone."""

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from gateway.processes.cut import front_end_text
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartNumbers
from gateway.store import records
from gateway.store.database import Store
from gateway.store.kept import KeptReader
from gateway.store.rescored import rescored, scores_of_numbers
from models.recipe import load
from models.teach import scores_of
from tests.models.test_propose import a_recipe, rows_of


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Two versions that draw the limit elsewhere."""
    folder = tmp_path_factory.mktemp("recipes") / "casting"
    a_recipe(folder, goods=60)
    a_recipe(folder, goods=25)
    return load(folder / "v1"), load(folder / "v2")


def put(folder, rows, text, evaluations=None):
    """Write parts with these numbers."""
    store = Store.open(folder, "now")
    with store.commit() as db:
        for number, row in enumerate(rows, 1):
            said = evaluations[number - 1] if evaluations else Evaluation.OK
            quality = (Quality.DISTURBED,) if said is Evaluation.NOT_DECIDABLE else ()
            told = Verdict(said, 0.5, None, None, "so", quality)
            numbers = PartNumbers("", text if row is not None else "", row)
            records.add_part(
                db,
                PartRecord("ring", "active", 1, number, f"P{number}", 1, "2026-11-24T12:00:00+00:00", told, 0, 0, None,
                           True, 9.0, 3.0, "casting v1 0", "judged", numbers=numbers),
            )  # fmt: skip
    store.close()
    with KeptReader(folder) as reader:
        return reader.last(len(rows), station="ring")


def test_a_part_is_named_where_one_version_accepts_and_the_other_rejects_it(versions, tmp_path):
    before, after = versions
    rows = rows_of(5, 200)
    kept = put(tmp_path, rows, front_end_text(before.model))

    found = rescored(before.model, after.model, kept)

    old, new = (scores_of(one.model, rows) for one in versions)
    flipped = np.flatnonzero((old > 1) != (new > 1))
    assert 0 < len(flipped) < len(rows)
    assert [one.row.sequence for one in found.changed] == [number + 1 for number in flipped]
    assert [one.after for one in found.changed] == pytest.approx(new[flipped])
    assert (found.parts, found.undecidable, found.why_not) == (200, 0, "")


def test_what_was_not_decidable_stays_so_whatever_the_limit(versions, tmp_path):
    before, after = versions
    rows = rows_of(5, 200)
    kept = put(tmp_path, rows, front_end_text(before.model), [Evaluation.NOT_DECIDABLE] * len(rows))

    found = rescored(before.model, after.model, kept)

    assert (found.parts, found.undecidable, found.changed) == (200, 200, ())


def test_numbers_of_another_kind_are_left_out_with_the_reason(versions, tmp_path):
    before, after = versions
    text = front_end_text(before.model)
    row = rows_of(5, 1)[0]
    (tmp_path / "other").mkdir()
    kept = [*put(tmp_path, [row, None, row[:5]], text), *put(tmp_path / "other", [row], text.replace("48000", "16000"))]

    found = rescored(before.model, after.model, kept)

    assert found.parts == 1
    assert found.why_not == (
        "1 more left out: no stored numbers; 1 more left out: 5 stored numbers; wanted "
        f"{before.model.width}; 1 more left out: numbers made by another front end"
    )
    assert scores_of_numbers([], before.model) == []
