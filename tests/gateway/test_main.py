"""Main, without its processes."""

import asyncio
import os

import pytest

from gateway.main import FRONT, LEDGER, ChildBody, Gateway
from gateway.newest import StationFacts
from gateway.processes.clock import SystemClock
from gateway.processes.ledger_messages import Propose, Proposed, SelfTestDue
from gateway.processes.messages import VERSION, EarReport, RecipeView, Started, Tick, UseRecipe
from gateway.processes.supervisor import ChildPlan
from gateway.teaching import TeachingDesk


class Link:
    """A link that notes which stations have their worker back, and which hear nothing."""

    def __init__(self):
        self.back, self.deaf, self.known = [], {}, {}

    def ear(self, name, *, deaf):
        self.deaf[name] = deaf

    def recipes(self, name, recipes):
        self.known[name] = dict(recipes)

    def worker_back(self, names):
        self.back.extend(names)


@pytest.fixture
def told():
    return []


@pytest.fixture
def gateway(monkeypatch, told):
    stations = [StationFacts("ring", "Ring test", "w", link=0), StationFacts("gear", "Gears", "w", link=0)]
    others = [ChildBody(name, "nobody:starts", None) for name in (LEDGER, FRONT)]
    workers = [ChildBody("w", "nobody:starts", None)]
    made = Gateway("line", stations, workers, others, lambda learn: TeachingDesk({}, learn), SystemClock(), boot_id=1)
    monkeypatch.setattr("gateway.main.Link.worker_back", Link.worker_back)
    monkeypatch.setattr(made, "record", lambda event: told.append((event.where, event.kind, event.level)))
    made.links = [Link()]
    return made


def test_a_worker_of_another_version_of_the_messages_is_not_taken_back(gateway, told):
    gateway._from_worker(Started("w", VERSION + 1, {}))
    assert told == [("w", "worker-refused", "error")]
    assert gateway.links[0].back == []

    gateway._from_worker(Started("w", VERSION, {}))
    assert gateway.links[0].back == ["ring", "gear"]


def test_the_self_test_says_how_every_microphone_is(gateway, told):
    gateway._from_worker(EarReport("gear", 1.0, ("silent",), "It is silent.", None, 0, 0, None))
    gateway._from_other(SelfTestDue())
    assert told == [("ring", "self-test", "error"), ("gear", "self-test", "warning")]


@pytest.mark.parametrize(("words", "deaf"), [((), False), (("clipped",), False), (("vanished",), True)])
def test_the_link_hears_of_an_ear_that_no_part_is_believed_of(gateway, words, deaf):
    gateway._from_worker(EarReport("ring", 1.0, words, "", None, 0, 0, None))
    assert gateway.links[0].deaf == {"ring": deaf}


def recipe(version):
    return RecipeView("casting", version, f"hash{version}", False, "", (), "", f"recipes/casting/v{version}")


def test_a_worker_that_comes_back_judges_by_the_version_of_before_whatever_was_put_to_use(gateway, told, monkeypatch):
    sent = []
    monkeypatch.setattr(gateway, "to_worker", lambda station, message: sent.append(message))
    gateway._from_worker(Started("w", VERSION, {"ring": {1: recipe(1)}}))
    assert sent == []

    gateway._from_worker(Started("w", VERSION, {"ring": {1: recipe(2), 2: recipe(1)}}))

    assert sent == [UseRecipe("ring", 1, "recipes/casting/v1")]
    assert gateway.links[0].known["ring"] == {1: recipe(1), 2: recipe(1)}
    assert ("ring", "recipe-kept", "warning") in told


def test_a_version_that_a_person_activates_goes_to_the_worker_and_outlives_its_restart(gateway, told, monkeypatch):
    sent = []
    monkeypatch.setattr(gateway, "to_worker", lambda station, message: sent.append(message))
    gateway._from_worker(Started("w", VERSION, {"ring": {1: recipe(1)}}))

    gateway._from_other(UseRecipe("ring", 1, "recipes/casting/v2"))
    assert sent == [UseRecipe("ring", 1, "recipes/casting/v2")]

    # The worker dies before it has taken it up, and comes back with what is in use on disk.
    gateway._from_worker(Started("w", VERSION, {"ring": {1: recipe(2)}}))
    assert len(sent) == 1
    assert gateway.links[0].known["ring"] == {1: recipe(2)}


def test_one_next_version_is_made_at_a_time_and_a_maker_that_dies_is_said(gateway, monkeypatch):
    to_ledger, made = [], []
    monkeypatch.setattr("gateway.main.Supervisor.send", lambda _, name, message: to_ledger.append((name, message)))
    monkeypatch.setattr("gateway.main.Supervisor.add", lambda _, plan: made.append(plan))
    asked = Propose("ring", 1, "recipes/casting", "data", "ana")

    gateway._from_other(asked)
    gateway._from_other(asked)
    (plan,) = made
    assert (plan.body, plan.once, plan.background) == ("gateway.proposer:run_proposer", True, True)
    assert "being made already" in to_ledger[0][1].sentence

    plan.lost("proposer-1 ended with code -9")
    assert to_ledger[1] == (
        LEDGER,
        Proposed("ring", 1, "ana", "", None, "proposer-1 ended with code -9; nothing was proposed"),
    )
    gateway._from_other(asked)
    assert len(made) == 2


async def test_the_service_manager_hears_of_main_after_each_snapshot_and_of_workers_at_each_tick(gateway, monkeypatch):
    told = asyncio.Queue()

    class Manager:
        alive = judged = staticmethod(told.put_nowait)

    gateway._manager, gateway.links = Manager(), []
    monkeypatch.setattr(gateway, "_each_link", lambda worker, tell: None)
    task = asyncio.create_task(gateway._publish())
    first = await told.get()
    task.cancel()
    gateway._from_worker(Tick("w", 0.0, 1))
    assert first <= await told.get()


def test_the_snapshot_says_which_process_main_is_and_which_processes_only_run_an_errand(gateway):
    gateway.links = []
    gateway._supervisor.add(ChildPlan("learner-1", "nobody:starts", None, print, once=True))
    snapshot = gateway.snapshot()
    assert snapshot.pid == os.getpid()
    assert [one.name for one in snapshot.processes if one.errand] == ["learner-1"]
