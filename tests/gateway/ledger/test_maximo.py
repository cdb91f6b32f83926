"""The ledger as a process of its own, killed at every step, against a Maximo over real sockets: exactly one order."""

import multiprocessing
import time
from contextlib import ExitStack
from functools import partial

import numpy as np
import pytest

from connectors.cmms.maximo_settings import MaximoSettings
from connectors.simulated.maximo import Fault, SimulatedMaximo, SimulatedMaximoSettings
from gateway.ledger.plan import Delivery, LedgerPlan, StationEntry
from gateway.processes.channel import Channel
from gateway.processes.condition import ConditionReport, Diagnosis, EpisodeView, Line, MachineEvidence
from gateway.processes.entry import Manner, enter
from gateway.processes.ledger_messages import LedgerReport
from gateway.processes.messages import Stop
from gateway.store.read import Reader
from gateway.wiring.cmms import WiredLedger

CREATE = "os/MXAPIWODETAIL"
PATIENCE_S = 30.0

spawn = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
if spawn.get_start_method() == "forkserver":
    spawn.set_forkserver_preload(["gateway.wiring.cmms"])


class Plant:
    """A Maximo, a store, and a ledger process that can be killed and started again."""

    def __init__(self, folder, stack):
        self.maximo = SimulatedMaximo(SimulatedMaximoSettings(hang_s=2.0))
        stack.enter_context(self.maximo)
        self.folder = folder
        key = next(iter(self.maximo.settings.keys))
        settings = MaximoSettings(
            self.maximo.url, partial(str, key), self.maximo.settings.site, connect_s=2.0, read_s=0.5, total_s=5.0
        )
        plan = LedgerPlan(
            "Casting line 2",
            str(folder),
            stations=(StationEntry("pump-7", "Pump 7", "PUMP-7", "maximo"),),
            delivery=Delivery(look_after_s=(0.05, 0.1), retry_s=(0.05, 0.3), poll_s=3600.0),
        )
        self.wired = WiredLedger(plan, {"maximo": settings})
        self.process = self.channel = None
        stack.callback(self.kill)

    def start(self):
        ours, theirs = spawn.Pipe()
        body, manner = "gateway.wiring.cmms:run_wired_ledger", Manner(quiet=True)
        self.process = spawn.Process(target=enter, args=("ledger", body, self.wired, theirs, manner))
        self.process.start()
        theirs.close()
        self.channel = Channel(ours, "ledger")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.channel.close(0.0)
            self.process = None

    def end(self):
        self.channel.send(Stop())
        self.process.join(PATIENCE_S)
        assert self.process.exitcode == 0
        assert not (self.folder / "wheeltapper.db-wal").exists(), "the store was not closed"
        self.channel.close()
        self.process = None

    def report(self, *, spectrum=False):
        lines = (Line("BPFO", 3.585, 88.4, (14.0, 11.0, 9.0)),)
        diagnosis = Diagnosis("outer race", "BPFO", "a comb of 3 harmonics", "drive end", None, 1480.0, lines)
        text = "PUMP-7 drive end bearing: outer race indication, +12 dB in 6 days; a comb"
        episode = EpisodeView("E1", "outer race", "warning", "2026-11-24T12:00:00+00:00", True, text)
        axis = np.arange(400, dtype=np.float32)
        evidence = MachineEvidence(axis, np.exp(-(((axis - 88.4) / 2) ** 2)), (3000.0, 6000.0)) if spectrum else None
        self.channel.send(
            ConditionReport(
                "pump-7", 0.0, "2026-11-24T12:00:00+00:00", True, 1480.0, {}, 12.3, "frozen", diagnosis, (), (episode,),
                evidence,
            )
        )  # fmt: skip

    def incident(self):
        """What the ledger shows of the incident now; hears until it shows one."""
        shown = []
        self.until(lambda: shown.extend(self._shown()) or shown, "an incident is shown")
        return shown[-1]

    def _shown(self):
        reports = [m for m in self.channel.receive(0.05) if isinstance(m, LedgerReport)]
        return [incident for report in reports for incident in report.incidents]

    def stands(self):
        return any(incident.order_state for incident in self._shown())

    def until(self, true, what):
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, f"not within {PATIENCE_S:.0f} s: {what}"
            time.sleep(0.002)

    def seen(self, method=""):
        return [one for one in self.maximo.seen if method in one.method]


@pytest.fixture
def plant(tmp_path):
    with ExitStack() as stack:
        yield Plant(tmp_path / "store", stack)


def check_one_order(plant):
    plant.until(plant.stands, "the order stands")
    plant.end()
    assert plant.maximo.faults.take("POST", CREATE) is None, "the fault of this test never happened"
    (order,) = plant.maximo.orders
    with Reader(plant.folder) as reader:
        (row,) = reader.orders(10)
    assert (row.fate, row.number, row.adopted) == ("stands", order.number, False)
    assert order.key == row.incident
    assert order.description == "Pump 7 drive end bearing: outer race indication, +12 dB in 6 days"


def test_a_report_becomes_a_work_order_and_a_cancelled_one_ends_the_incident(plant):
    plant.start()
    plant.report(spectrum=True)
    plant.until(lambda: plant.maximo.orders and plant.maximo.orders[0].attachments, "the picture is attached")
    check_one_order(plant)
    (name,) = plant.maximo.orders[0].attachments
    assert plant.maximo.file(plant.maximo.orders[0].number, name).startswith(b"\x89PNG")

    plant.maximo.cancel(plant.maximo.orders[0].number, "no fault found")
    plant.start()
    plant.until(lambda: any(i.order_state == "cancelled" for i in plant._shown()), "the cancelling is noticed")
    plant.end()
    with Reader(plant.folder) as reader:
        (row,) = reader.orders(10)
    assert row.ended_at is not None


@pytest.mark.slow
@pytest.mark.parametrize("requests", range(1, 7))
def test_killed_after_any_request_it_makes_exactly_one_order(plant, requests):
    plant.start()
    plant.report()
    plant.until(lambda: len(plant.seen()) >= requests or plant.stands(), f"request {requests}")
    plant.kill()

    plant.start()
    plant.report()
    check_one_order(plant)


@pytest.mark.slow
@pytest.mark.parametrize("commits", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("kind", ["reset", "hang", "truncate", "bad-gateway"])
def test_an_answer_that_is_lost_while_the_ledger_dies_makes_exactly_one_order(plant, kind, commits):
    plant.maximo.faults.add(Fault(kind, commits=commits, method="POST", path=CREATE))
    plant.start()
    plant.report()
    plant.until(lambda: plant.seen("POST"), "the create is on the line")
    plant.kill()

    plant.start()
    check_one_order(plant)


@pytest.mark.slow
@pytest.mark.parametrize("commits", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_an_answer_that_is_lost_makes_exactly_one_order(plant, kind, commits):
    plant.maximo.faults.add(Fault(kind, commits=commits, method="POST", path=CREATE))
    plant.start()
    plant.report()
    check_one_order(plant)


def test_an_incident_that_was_raised_while_maximo_is_away_outlives_the_ledger(plant):
    plant.maximo.stop()
    plant.start()
    plant.report()
    assert plant.incident().order.startswith("queued")
    plant.kill()

    plant.maximo.start()
    plant.start()
    check_one_order(plant)


def test_a_persons_own_order_gets_the_story_as_a_note(plant):
    number = plant.maximo.make_order("PUMP-7", "noisy", worktype="CM")
    plant.start()
    plant.report()
    plant.until(lambda: plant.maximo.orders[0].worklog, "the note")
    plant.until(plant.stands, "the order is followed")
    plant.end()

    (order,) = plant.maximo.orders
    assert order.number == number
    assert "outer race indication" in order.worklog[0]
