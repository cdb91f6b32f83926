"""What main tells the stations of machines: what the plant's tags say, and what they learned in an earlier life."""

from dataclasses import replace

import pytest

from connectors.plc.port import PlantValue
from gateway.main import LEDGER, ChildBody, Gateway
from gateway.newest import StationFacts
from gateway.processes.clock import SystemClock
from gateway.processes.ledger_messages import KeptStates
from gateway.processes.messages import VERSION, AcceptSound, PlantState, Recall, RestartBaseline, Started
from gateway.teaching import TeachingDesk
from tests.gateway.serve.snapshots import a_condition

PUMP = StationFacts(
    "pump-7", "Pump 7", "w", "PUMP-7", None, "pump-7.rpm", "pump-7.running", {"load": "pump-7.covariate.load"}
)


@pytest.fixture
def sent():
    return []


@pytest.fixture
def gateway(monkeypatch, sent):
    body = ChildBody("w", "nobody:starts", None)
    ledger = ChildBody(LEDGER, "nobody:starts", None)
    made = Gateway("L", [PUMP], [body], [ledger], lambda learn: TeachingDesk({}, learn), SystemClock(), boot_id=1)
    monkeypatch.setattr("gateway.main.Supervisor.send", lambda _, name, message: sent.append((name, message)) or True)
    return made


def plant(sent):
    told = [message for _, message in sent if isinstance(message, PlantState)]
    return [(one.running, one.rpm, dict(one.covariates)) for one in told]


def test_tags_of_one_machine_may_lie_in_two_plcs(gateway, sent):
    gateway.plant_values({"pump-7.rpm": PlantValue(1480.0), "pump-7.running": PlantValue(1.0)})
    gateway.plant_values({"pump-7.covariate.load": PlantValue(75.0)})
    gateway.plant_values({"pump-7.covariate.load": PlantValue(None, "bad")})
    gateway.plant_values({"gear.rpm": PlantValue(900.0)})

    assert plant(sent) == [
        (True, 1480.0, {"load": None}),
        (True, 1480.0, {"load": 75.0}),
        (True, 1480.0, {"load": None}),
    ]


def test_a_worker_that_comes_back_is_told_what_its_stations_learned(gateway, sent):
    gateway._from_other(KeptStates({"pump-7": "{stored}"}))
    gateway._from_worker(a_condition(kept="{newer}"))
    gateway._from_worker(Started("w", VERSION, {}))

    recalled = [message for name, message in sent if name == "w"]
    assert recalled == [Recall("pump-7", "{stored}"), Recall("pump-7", "{newer}")]


def test_what_a_station_keeps_goes_to_the_ledger_and_on_no_screen(gateway, sent):
    report = a_condition(kept="{learned}")
    gateway._from_worker(report)

    assert (LEDGER, report) in sent
    assert gateway.snapshot().stations[0].condition == replace(report, kept=None)


def test_maintenance_done_reaches_the_station(gateway, sent):
    gateway._from_other(RestartBaseline("pump-7"))

    assert ("w", RestartBaseline("pump-7")) in sent


def test_an_accepted_sound_reaches_the_station(gateway, sent):
    gateway._from_other(AcceptSound("pump-7"))

    assert ("w", AcceptSound("pump-7")) in sent
