"""Commands given to a gateway that runs as people run it, on a site that serves nobody."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.app import main
from gateway.store.database import Store
from gateway.store.read import Reader

ROOT = Path(__file__).parents[3]
ID = "ABCDEFGHIJKLMNOP"
SITE = """
[line]
name = "Cooling"

[[station]]
name = "pump-7"
source = { kind = "simulated", sound = "pump", seed = 7 }

[station.machine]
asset = "PUMP-7"
rpm = 1480
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running gateway whose store holds one open incident."""
    path = tmp_path_factory.mktemp("line") / "line.toml"
    path.write_text(SITE, encoding="utf-8")
    store = Store.open(path.parent / "data", "now")
    with store.commit() as db:
        db.execute(
            "INSERT INTO incidents (id, number, station, asset, failure_mode, severity, text, raised_at, ended_why)"
            " VALUES (?, 1, 'pump-7', 'PUMP-7', 'outer race', 'warning', 'heard', ?, '')",
            (ID, datetime.now(UTC).isoformat()),
        )
    store.close()
    with (path.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli.app", "run", str(path), "--seconds", "100"], cwd=ROOT, stderr=log
        )
    try:
        by = time.monotonic() + 60
        while not (path.parent / "data" / "commands").is_dir():
            assert process.poll() is None, (path.parent / "log").read_text()
            assert time.monotonic() < by, "the gateway did not open its folder of commands"
            time.sleep(0.05)
        yield path
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.mark.slow
def test_people_at_a_terminal_are_answered_and_what_they_asked_is_on_record(site, capsys):
    def ask(*words, code):
        assert main([*words, "--site", str(site), "--wait", "60"]) == code
        said = capsys.readouterr()
        return said.out + said.err.replace("waiting for the gateway, up to 60 s ...\n", "")

    assert ask("acknowledge", "abcd", "--who", "Ana", code=0) == f"incident {ID} acknowledged by Ana\n"
    assert "Ana has acknowledged" in ask("acknowledge", ID, "--who", "Ben", code=1)
    assert "names no CMMS" in ask("order", "ABCDE", "--who", "Ana", code=1)
    assert "no station 'pump-8'; wanted one of pump-7" in ask("maintenance-done", "pump-8", "--who", "Ana", code=1)
    assert json.loads(ask("maintenance-done", "pump-7", "--who", "Ana", "--json", code=0))["accepted"]

    assert main(["orders", "--site", str(site), "--json"]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (row["incident"], row["acknowledged_by"], row["ended_at"]) == (ID, "Ana", None)
    assert row["acknowledged_at"]
    with Reader(site.parent / "data") as reader:
        kinds = [event.kind for event in reader.events(100)]
    assert "incident-acknowledged" in kinds
    assert "maintenance-done" in kinds
    assert list((site.parent / "data" / "commands").iterdir()) == []
