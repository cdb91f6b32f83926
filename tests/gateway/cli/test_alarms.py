"""`wheeltapper alarms`: what rang whom, and a route tried before it has to work."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.noisy_day_peers import Receiver
from gateway.cli.app import main
from gateway.store.database import Store
from tests.gateway.store.test_alarm_load import add_event

SITE = """
[line]
name = "Line 2"
[store]
folder = "{folder}"
[alerts]
operators = 2
[notify.hook]
kind = "webhook"
url = "{url}"
secret = "${{WHEELTAPPER_TEST_SECRET}}"
zones = ["hall 1"]
[[route]]
name = "all"
to = ["hook"]
hours = "00:00-12:00"
escalate = [{{ after = "15 min", to = ["hook"] }}]
[[station]]
name = "pump-7"
zone = "hall 1"
source = {{ kind = "simulated", sound = "pump" }}
[station.machine]
asset = "PUMP-7"
"""
SECRET = "shared with the receiver"


@pytest.fixture
def folder(tmp_path):
    Store.open(tmp_path / "data", "now").close()
    return tmp_path / "data"


@pytest.fixture
def rung(folder):
    """A store in which one alarm rang 12 times within the last hour."""
    from gateway.processes.ledger_messages import EventRecord

    store = Store.open(folder, "now")
    with store.commit() as db:
        for number in range(12):
            wall = (datetime.now(UTC) - timedelta(minutes=30, seconds=number)).isoformat()
            add_event(db, EventRecord(wall, "ring", "alarm-raised", "PlcLinkDown: no connection", "error"))
    store.close()
    return folder


def site_of(folder, url="http://127.0.0.1:9"):
    site = folder.parent / "line.toml"
    site.write_text(SITE.format(folder=folder, url=url), encoding="utf-8")
    return str(site)


def test_the_table_names_each_channel_and_what_rang_most(rung, capsys):
    assert main(["alarms", "--store", str(rung)]) == 0
    said = capsys.readouterr().out
    (panel,) = [line.split() for line in said.splitlines() if line.startswith("panel")]
    assert panel[:2] == ["panel", "12"]
    assert "over: see what rings most" in said
    (worst,) = [line for line in said.splitlines() if "PlcLinkDown" in line]
    assert worst.split()[:2] == ["12", "100"]
    assert worst.rstrip().endswith("ring")


def test_json_is_one_object_a_line_with_the_budget_first(rung, capsys):
    assert main(["alarms", "--store", str(rung), "--json", "--hours", "2"]) == 0
    head, channel, offender = map(json.loads, capsys.readouterr().out.splitlines())
    assert (head["budget_in_10_min"], head["operators"]) == (1, 1)
    assert (channel["channel"]["channel"], channel["channel"]["rings"], channel["channel"]["floods"]) == (
        "panel",
        12,
        1,
    )
    assert offender["offender"] | {"share": 1.0} == {
        "station": "ring", "what": "PlcLinkDown", "rings": 12, "incidents": 0, "episodes": 0, "kept_back": 0,
        "share": 1.0, "share_percent": 100.0,
    }  # fmt: skip


@pytest.mark.parametrize(("more", "operators"), [((), 2), (("--operators", "3"), 3)])
def test_operators_are_those_of_the_site_file_or_of_the_option(rung, capsys, more, operators):
    assert main(["alarms", "--site", site_of(rung), "--json", *more]) == 0
    head, channel, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert head["operators"] == operators
    assert channel["channel"]["most_in_10_min"] == pytest.approx(12 / operators)


def test_a_store_in_which_nobody_was_rung_says_so(folder, capsys):
    assert main(["alarms", "--store", str(folder), "--hours", "8"]) == 0
    assert capsys.readouterr().out == "nobody was rung in the last 8 h\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--store", "{folder}/nowhere"], "no store"),
        (["--store", "{folder}", "--hours", "0"], "--hours"),
        (["--store", "{folder}", "--operators", "0"], "--operators"),
        (["--store", "{folder}", "--site", "line.toml"], "name the store's folder or the site file, not both"),
        (["test", "nobody", "--site", "{site}"], "found 'nobody'; wanted the name of a [[route]]: all"),
    ],
)
def test_bad_input_is_one_sentence(folder, capsys, arguments, sentence):
    given = [one.format(folder=folder, site=site_of(folder)) for one in arguments]
    assert main(["alarms", *given]) != 0
    assert sentence in " ".join(word for word in capsys.readouterr().err.split() if word != "│")


def test_a_route_is_said_and_nobody_is_told_without_send(folder, capsys, monkeypatch):
    monkeypatch.setenv("WHEELTAPPER_TEST_SECRET", SECRET)
    with Receiver(SECRET) as hook:
        assert main(["alarms", "test", "all", "--site", site_of(folder, hook.url)]) == 0
        assert hook.requests == 0
    said = capsys.readouterr()
    assert "takes: pump-7; warning and up, 00:00-12:00" in said.out
    assert "hook: webhook, after 15 min without acknowledgement, hears of hall 1 alone" in said.out
    assert "Nobody was told" in said.err


def test_with_send_each_channel_is_told_once_and_it_is_taken_back(folder, capsys, monkeypatch):
    monkeypatch.setenv("WHEELTAPPER_TEST_SECRET", SECRET)
    with Receiver(SECRET) as hook:
        assert main(["alarms", "test", "all", "--send", "--site", site_of(folder, hook.url)]) == 0
        assert [(body["act"], body["failure_mode"]) for body in hook.bodies] == [
            ("raised", "test"),
            ("resolved", "test"),
        ]
        hook.down = True
        assert main(["alarms", "test", "all", "--send", "--json", "--site", site_of(folder, hook.url)]) == 1
    assert '"ok": false' in capsys.readouterr().out
