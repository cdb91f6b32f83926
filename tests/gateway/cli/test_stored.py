"""`wheeltapper parts / events / orders` on a store that was written by the real writer."""

import json
from pathlib import Path

import pytest

from analytics.decision.verdict import Evaluation, Verdict
from gateway.cli.app import main
from gateway.processes.ledger_messages import EventRecord, PartRecord
from gateway.store import records
from gateway.store.database import Store


def a_part(sequence):
    told = Verdict(Evaluation.NOT_OK, 1.83, "crack", None, "ring [bold]too low[/bold]")
    return PartRecord(
        "ring", "active", 1, sequence, f"P{sequence}", 1, "2026-11-24T12:00:00+00:00", told, 2, 0, None, True, 9.1, 3.0,
        "bracket-A/1/abc", "judged",
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    store = Store.open(tmp_path / "data", "now")
    with store.commit() as db:
        for sequence in range(30):
            records.add_part(db, a_part(sequence))
        records.add_event(db, EventRecord("2026-11-24T12:00:00+00:00", "plc main", "link-lost", "no answer", "error"))
        db.execute(
            "INSERT INTO incidents (id, number, station, asset, failure_mode, severity, text, raised_at, ended_why) "
            "VALUES ('AAAA', 1, 'pump-7', 'PUMP-7', 'outer race', 'warning', 'heard', "
            "'2026-11-24T12:00:00+00:00', '')"
        )
    store.close()
    return tmp_path / "data"


def test_parts_shows_the_last_ones_as_a_table(folder, capsys):
    assert main(["parts", "--store", str(folder), "--last", "3"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "P29" in lines[-1]
    assert "NotOK" in lines[-1]
    assert "[bold]too low[/bold]" in lines[-1]


def test_json_is_one_object_a_line_and_nothing_else(folder, capsys):
    assert main(["parts", "--store", str(folder), "--json", "-n", "2"]) == 0

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["part_id"], second["part_id"], second["verdict"], second["score"]) == ("P28", "P29", "NotOK", 1.83)


def test_events_and_orders_are_shown(folder, capsys):
    assert main(["events", "--store", str(folder)]) == 0
    assert main(["orders", "--store", str(folder)]) == 0

    out = capsys.readouterr().out
    assert "link-lost" in out
    assert "withheld" in out


def test_the_folder_data_is_read_where_none_is_named(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert main(["parts", "--last", "1"]) == 0
    assert "P29" in capsys.readouterr().out


def test_the_store_of_a_site_file_is_found(folder, capsys):
    site = folder.parent / "line.toml"
    site.write_text(
        '[line]\nname = "L"\n[[station]]\nname = "hall"\nsource = { kind = "simulated", sound = "pump" }\n'
        '[station.machine]\nasset = "PUMP-7"\nrpm = 1480\n'
    )

    assert main(["parts", "--last", "1", "--site", str(site)]) == 0
    assert "P29" in capsys.readouterr().out
    assert main(["parts", "--store", str(folder), "--site", str(site)]) == 2


def test_a_folder_without_a_store_is_one_sentence(tmp_path: Path, capsys):
    assert main(["parts", "--store", str(tmp_path)]) == 1

    err = capsys.readouterr().err
    assert "no store here" in err
    assert err.count("\n") == 1


def test_last_must_be_a_number_above_zero(folder, capsys):
    assert main(["parts", "--store", str(folder), "--last", "0"]) == 2
