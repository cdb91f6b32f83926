"""Labels in the store become a version beside the one in use, put to use by a person; all of it audited."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from analytics.decision.verdict import Evaluation, Verdict
from gateway.ledger.body import Ledger
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.processes.cut import front_end_text
from gateway.processes.ledger_messages import Command, CommandAnswer, DefectNames, PartRecord, Propose, Proposed
from gateway.processes.messages import PartNumbers, UseRecipe
from gateway.proposer import proposed
from gateway.store.labels import labels_of, proposals
from gateway.store.read import Reader
from models.recipe import load
from models.recipe_files import activations, current, versions
from tests.gateway.ledger.conftest import MemoryChannel, TurnedClock
from tests.models.test_propose import a_recipe, labelled

AT = "2026-11-24T13:00:00+00:00"


@pytest.fixture
def folder(tmp_path):
    return a_recipe(tmp_path / "casting", cracks=3).folder.parent


class Desk:
    """A ledger turned by hand."""

    def __init__(self, store, folder, stack):
        plan = LedgerPlan("L", str(store), stations=(StationEntry("ring", recipes={1: str(folder)}),))
        self.store, self.channel = store, MemoryChannel()
        self.ledger = Ledger(plan, self.channel, TurnedClock(), None, stack)
        self.turn(DefectNames("ring", ("crack",)))

    def turn(self, *messages):
        self.channel.incoming.extend(messages)
        already = len(self.channel.sent)
        self.ledger.turn(0.0)
        return self.channel.sent[already:]

    def ask(self, name, target, who="ana", via="api", **arguments):
        sent = self.turn(Command(name, target, who, via, arguments, "x"))
        (answer,) = (one for one in sent if isinstance(one, CommandAnswer))
        return answer, [one for one in sent if isinstance(one, Propose | UseRecipe)]

    def look(self, question):
        reader = Reader(self.store)
        with reader:
            return question(reader)


@pytest.fixture
def desk(tmp_path, folder):
    with ExitStack() as stack:
        yield Desk(tmp_path / "data", folder, stack)


def records(recipe, labels):
    """The same parts as the station would have sent them."""
    text = front_end_text(recipe.model)
    for sequence, one in enumerate(labels.parts, 1):
        score = 1.5 if one.rejected else 0.5
        told = Verdict(
            Evaluation.NOT_OK if one.rejected else Evaluation.OK, score, "crack" if one.rejected else None, None, "so"
        )
        yield PartRecord(
            "ring", "active", 1, sequence, f"P{sequence:05d}", 1, "2026-11-24T12:00:00+00:00", told, 0, 0, None, True,
            9.0, 3.0, recipe.title, "judged", numbers=PartNumbers("", text, one.features),
        )  # fmt: skip


def a_part(desk, folder):
    desk.turn(*records(load(folder), type("", (), {"parts": labelled(load(folder)).parts[:1]})))


def test_a_label_stands_beside_the_verdict_which_stays_and_the_last_one_counts(desk, folder):
    a_part(desk, folder)
    before = desk.look(lambda reader: reader.parts(1))

    assert desk.ask("label", "1", said="bad", **{"class": "crack"})[0].accepted
    assert desk.ask("label", "1", who="bo", said="good")[0].accepted

    found = desk.look(lambda reader: labels_of(reader.db, 1))
    assert [(one.said, one.defect, one.who, one.via) for one in found] == [
        ("bad", "crack", "ana", "api"),
        ("good", "", "bo", "api"),
    ]
    assert desk.look(lambda reader: reader.parts(1)) == before


@pytest.mark.parametrize(
    ("target", "arguments", "why"),
    [
        ("2", {"said": "good"}, "no part '2' in the store"),
        ("-1", {"said": "good"}, "no part '-1' in the store"),
        ("99999999999999999999", {"said": "good"}, "no part '99999999999999999999'"),
        ("1", {"said": "fine"}, "found 'fine'; wanted good or bad"),
        ("1", {"said": "good", "class": "crack"}, "a good part has no class"),
        ("1", {"said": "bad", "class": "creck"}, "knows no class 'creck'; did you mean crack\\? known are crack"),
        ("1", {"said": "bad", "class": "unknown", "new": "yes"}, "is no name of a class"),
        ("1", {"said": "bad", "class": "<b>", "new": "yes"}, "is no name of a class"),
    ],
)
def test_a_label_that_cannot_be_is_refused_in_one_sentence_and_audited(desk, folder, target, arguments, why):
    a_part(desk, folder)
    answer, _ = desk.ask("label", target, **arguments)

    assert not answer.accepted
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(answer.sentence)
    assert desk.look(lambda reader: labels_of(reader.db, 1)) == []
    audited = desk.look(lambda reader: reader.db.execute("SELECT command, accepted, answer FROM audit").fetchall())
    assert audited == [("label", 0, answer.sentence)]


def test_a_new_class_is_taken_where_it_is_said_to_be_new(desk, folder):
    a_part(desk, folder)
    assert desk.ask("label", "1", said="bad", new="yes", **{"class": "dent"})[0].accepted


def label_all(desk, folder, labels):
    desk.turn(*records(load(folder), labels))
    for number, one in enumerate(labels.parts, 1):
        said = {"said": "bad", "class": one.defect} if one.bad else {"said": "good"}
        desk.turn(Command("label", str(number), "ana", "api", said, f"{number}"))


def propose(desk):
    """Ask, let the process's work be done here, and tell the ledger what came of it."""
    answer, sent = desk.ask("propose", "ring")
    assert answer.accepted, answer.sentence
    (asked,) = sent
    came = proposed(asked, AT)
    desk.turn(came)
    return came


def test_labels_become_a_version_that_waits_for_a_person(desk, folder):
    recipe = load(folder)
    label_all(desk, folder, labelled(recipe))

    came = propose(desk)

    assert came.version == 2, came.sentence
    assert (versions(folder), current(folder)) == ([1, 2], 1)
    figures = came.figures
    assert figures["learned_from"] + figures["held_out"] == figures["labelled"] == 130
    assert figures["after"]["missed"] <= figures["before"]["missed"]
    (row,) = desk.look(lambda reader: proposals(reader.db, 5, "ring"))
    assert (row.version, row.who, row.based_on, dict(row.figures)["held_out"]) == (2, "ana", recipe.title, 39)
    kinds = [one.kind for one in desk.look(lambda reader: reader.events(9))]
    assert "recipe-proposed" in kinds


def test_a_person_activates_and_goes_one_step_back(desk, folder):
    label_all(desk, folder, labelled(load(folder)))
    propose(desk)

    answer, (use,) = desk.ask("activate", "ring", who="bo", via="page", version="2", type="1")
    assert answer.accepted
    assert (use, current(folder)) == (UseRecipe("ring", 1, (folder / "v2").as_posix()), 2)

    answer, (use,) = desk.ask("activate", "ring", who="bo", via="page", version="before")
    assert answer.accepted
    assert (Path(use.folder).name, current(folder)) == ("v1", 1)
    assert [(one["who"], one["version"]) for one in activations(folder)][-2:] == [("bo", 2), ("bo", 1)]
    audited = desk.look(
        lambda reader: reader.db.execute("SELECT who, via FROM audit WHERE command = 'activate'").fetchall()
    )
    assert audited == [("bo", "page")] * 2


@pytest.mark.parametrize(
    ("target", "arguments", "why"),
    [
        ("nowhere", {"version": "1"}, "no station 'nowhere' that judges parts; those that do: ring"),
        ("ring", {"version": "7"}, "no version 7; it has 1"),
        ("ring", {"version": "../v1"}, "found version '../v1'; wanted its number, or before"),
        ("ring", {"version": "1", "type": "9"}, "found type '9'; ring has 1"),
        ("ring", {"version": "before"}, "nothing stood before version 1"),
    ],
)
def test_what_cannot_be_put_to_use_is_refused(desk, folder, target, arguments, why):
    answer, sent = desk.ask("activate", target, **arguments)
    assert not answer.accepted
    assert why in answer.sentence
    assert sent == []
    assert current(folder) == 1


def test_a_poisoned_set_is_refused_with_the_reason_and_nothing_is_written(desk, folder):
    labels = labelled(load(folder), cracked=1.0)
    swapped = [one.defect for one in labels.parts]
    desk.turn(*records(load(folder), labels))
    for number, defect in enumerate(swapped, 1):
        said = {"said": "good"} if defect else {"said": "bad", "class": "crack"}
        desk.turn(Command("label", str(number), "mallory", "api", said, f"{number}"))

    came = propose(desk)

    assert came.version is None
    assert "contradict the verdicts of" in came.sentence
    assert versions(folder) == [1]
    (row,) = desk.look(lambda reader: proposals(reader.db, 5))
    assert (row.version, row.sentence) == (None, came.sentence)


def test_parts_whose_numbers_were_made_another_way_are_left_out_and_counted(desk, folder):
    label_all(desk, folder, labelled(load(folder)))
    desk.ledger.store._db.execute("UPDATE parts SET front_end = 'another' WHERE id > 125")
    assert proposed(Propose("ring", 1, str(folder), str(desk.store), "ana"), AT).figures["left_out"] == 5


def test_without_labels_there_is_no_proposal(desk, folder):
    came = propose(desk)
    assert came == Proposed(
        "ring", 1, "ana", load(folder).title, None,
        "No proposal: 0 labelled parts; wanted at least 10 new ones: label more, good ones too.",
        {"labelled": 0, "left_out": 0, "judged_meanwhile": 0},
    )  # fmt: skip
    assert np.isfinite(load(folder).model.limit.value)
