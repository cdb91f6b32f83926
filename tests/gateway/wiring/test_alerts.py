"""From routes, rules and zones of a site file to what the ledger and main are told."""

from pathlib import Path

import pytest

from connectors.plc.open import open_port
from connectors.simulated.plc_opcua import OpcUaPlcPlan, OpcUaServingPlc
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from gateway.wiring.build import ledger_plan, load_site, public_address
from gateway.wiring.plc import plain_tags, settings_of

SITE = """
[line]
name = "Line 2"
[alerts]
operators = 2
[plc.main]
kind = "opcua"
url = "{url}"
security = "None"
[[inhibit]]
name = "line stands"
stations = ["pump"]
runs = {{ plc = "main", tag = "{tag}" }}
[[witness]]
name = "bearing temperature"
stations = ["pump"]
plc = "main"
tag = "{tag}"
above = 70
[[station]]
name = "pump"
zone = "hall 1"
source = {{ kind = "simulated", sound = "pump" }}
[station.machine]
asset = "PUMP-7"
[serve]
{serve}
"""
RPM = "nsu=urn:wheeltapper:handshake:1;s=rpm"


@pytest.fixture
async def plc():
    served = OpcUaServingPlc(PlcStations({"ring": PlcProgram(PlcSettings())}), OpcUaPlcPlan(port=0))
    served.address = await served.start()
    yield served
    await served.stop()


def loaded(tmp_path, *, url="opc.tcp://127.0.0.1:4840", tag=RPM, serve=""):
    file = tmp_path / "line.toml"
    file.write_text(SITE.format(url=url, tag=tag, serve=serve), encoding="utf-8")
    return load_site(file)


def test_zones_operators_and_rules_reach_the_ledger(tmp_path):
    alerts = ledger_plan(loaded(tmp_path)).alerts
    assert alerts.rules.zones == {"pump": "hall 1"}
    assert alerts.operators == 2
    (inhibit,), (witness,) = alerts.inhibits, alerts.witnesses
    assert {inhibit.runs, witness.tag} == set(plain_tags(loaded(tmp_path), "main"))


@pytest.mark.parametrize(
    ("serve", "address"),
    [
        ("", ""),
        ('page = "http://127.0.0.1:8080"', ""),
        ('page = "https://10.20.0.2:8443"\npage_certificate = "a.pem"\npage_key = "b.pem"', "https://10.20.0.2:8443"),
        ('page = "http://127.0.0.1:8080"\nurl = "https://plant.example/ears/"', "https://plant.example/ears"),
    ],
)
def test_a_message_bears_a_link_where_peoples_devices_reach_the_page(tmp_path, serve, address):
    site = loaded(tmp_path, serve=serve)
    assert public_address(site) == address
    assert ledger_plan(site).link("ABC") == (f"{address}/incidents/ABC" if address else "")


async def test_a_tag_of_a_rule_that_the_plc_does_not_have_is_named_in_one_sentence(tmp_path, plc):
    site = loaded(tmp_path, url=plc.address, tag="nsu=urn:wheeltapper:handshake:1;s=rmp")
    findings = [one for one in await open_port(settings_of(site, "main")).check() if not one.ok]
    answered = "the PLC answered BadNodeIdUnknown for nsu=urn:wheeltapper:handshake:1;s=rmp"
    nearest = "nearest: nsu=urn:wheeltapper:handshake:1;s=ring"
    assert [one.sentence for one in findings] == [
        f"plc.main: [[inhibit]] line stands: {answered}; {nearest}",
        f"plc.main: [[witness]] bearing temperature: {answered}; {nearest}",
    ]


def test_the_example_that_shows_every_key_holds_and_its_sounds_too_once_they_are_taught(tmp_path):
    example = Path(__file__).parents[3] / "config" / "examples" / "line.toml"
    plan = ledger_plan(load_site(example))
    assert [route.name for route in plan.alerts.rules.routes] == ["grave", "day", "rest"]
    assert plan.link("ABC") == "https://wheeltapper.plant.example/incidents/ABC"

    said, begun = [], False
    for line in example.read_text(encoding="utf-8").splitlines():
        begun = line == "#  [[station]]" or (begun and line.startswith("#"))
        said.append(line.removeprefix("#").lstrip() if begun else line)
    (tmp_path / "kinds" / "hall-3").mkdir(parents=True)
    (tmp_path / "line.toml").write_text("\n".join(said), encoding="utf-8")
    assert ledger_plan(load_site(tmp_path / "line.toml")).alerts.rules.zones["gate"] == "hall 3, gate"
