"""Channels, routes and rules of the site file: what matches nothing or leads nowhere is said before it has to work."""

import pytest

from config.load import SiteError, load

SITE = """
[line]
name = "Line 2"
[plc.main]
kind = "opcua"
url = "opc.tcp://127.0.0.1:4840"
[notify.pager]
kind = "pagerduty"
key = "${PD}"
[notify.guard]
kind = "apprise"
urls = "${GUARD}"
zones = ["office"]
[[route]]
name = "all"
to = ["pager", "guard"]
[[inhibit]]
name = "line stands"
stations = ["pump"]
runs = { plc = "main", tag = "nsu=x;s=run" }
[[station]]
name = "pump"
zone = "hall"
source = { kind = "simulated", sound = "pump" }
[station.machine]
asset = "PUMP-7"
[[station]]
name = "fan"
zone = "office"
source = { kind = "simulated", sound = "pump" }
[station.machine]
asset = "FAN-1"
"""


def faults(tmp_path, old="", new=""):
    assert old in SITE
    file = tmp_path / "site.toml"
    file.write_text(SITE.replace(old, new) if old else SITE)
    try:
        load(file)
    except SiteError as error:
        return [f"{fault.where}: {fault.sentence}" for fault in error.faults]
    return []


def test_routes_and_rules_that_fit_are_no_fault(tmp_path):
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "where", "sentence"),
    [
        ('["pager", "guard"]', '["pagr", "guard"]', "route[0].to", "did you mean pager?"),
        ('stations = ["pump"]', 'stations = ["pmup"]', "inhibit[0].stations", "it matches nothing; did you mean pump?"),
        ('name = "all"', 'name = "all"\nzones = ["hal"]', "route[0].zones", "did you mean hall?"),
        ('name = "all"', 'name = "all"\nfailure_modes = ["gaer"]', "route[0].failure_modes", "did you mean gear?"),
        ('name = "all"', 'name = "all"\nstations = ["fan"]\nzones = ["hall"]', "route[0].zones", "matches nothing"),
        ('["pager", "guard"]\n', '["guard"]\nzones = ["hall"]\n', "route[0].to", "leads nowhere"),
        ('["pager", "guard"]', '["guard"]', "notify.pager", "no route leads to it"),
        ('zones = ["office"]', 'zones = ["offices"]', "notify.guard.zones", "did you mean office?"),
        ('plc = "main", tag', 'plc = "mian", tag', "inhibit[0].runs.plc", "did you mean main?"),
        ('key = "${PD}"', 'key = "s3cret"', "notify.pager.key", "never stands here in clear"),
        ('name = "all"', 'name = "all"\nhours = "6-22"', "route[0].hours", "wanted text like 22:00-06:00"),
        ("runs = { plc", 'parent = "fan"\nruns = { plc', "inhibit[0]", "wanted either runs"),
    ],
)
def test_what_matches_nothing_or_leads_nowhere_is_one_sentence_with_its_place(tmp_path, old, new, where, sentence):
    found = faults(tmp_path, old, new)
    assert any(fault.startswith(f"{where}: ") and sentence in fault for fault in found), found
    assert "s3cret" not in str(found)
