"""`doctor` names what is wrong, each with how to mend it, and changes nothing."""

import json
import os
import shutil
import socket

import pytest

from gateway.cli.app import main
from gateway.store.database import DATABASE, Store
from gateway.store.sole import sole_user

SITE = """
[line]
name = "L"
[[station]]
name = "pump"
source = {{ kind = "simulated", sound = "pump" }}
[station.machine]
asset = "P-1"
[serve]
page = "http://127.0.0.1:{port}"
"""


@pytest.fixture
def busy():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


def doctor(tmp_path, capsys, port=1, *more):
    file = tmp_path / "line.toml"
    file.write_text(SITE.format(port=port))
    code = main(["doctor", str(file), "--json", *more])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return code, {line["what"]: line for line in lines}


def test_a_sound_site_has_no_bad_line(tmp_path, capsys):
    code, lines = doctor(tmp_path, capsys, 0)
    assert code == 0
    assert lines["store"]["sentence"].startswith("none yet")
    assert lines["source of pump"]["state"] == "ok"
    assert [path.name for path in tmp_path.iterdir()] == ["line.toml"]


def test_a_store_where_nothing_can_ever_be_written_is_bad_and_no_reason_to_break_off(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda there: shutil._ntuple_diskusage(0, 0, 0))
    code, lines = doctor(tmp_path, capsys, 0, "--offline")
    assert code == 1
    assert lines["disk"]["state"] == "bad"
    assert "store" in lines


def test_a_damaged_store_is_bad_and_left_as_it_is(tmp_path, capsys):
    Store.open(tmp_path / "data", "now").close()
    path = tmp_path / "data" / DATABASE
    path.write_bytes(b"x" * 5000)
    code, lines = doctor(tmp_path, capsys, 0, "--offline")
    assert code == 1
    assert lines["store"]["state"] == "bad"
    assert "restore" in lines["store"]["mend"]
    assert path.read_bytes() == b"x" * 5000


def test_a_port_in_use_is_bad_unless_the_gateway_itself_runs(busy, tmp_path, capsys):
    code, lines = doctor(tmp_path, capsys, busy, "--offline")
    assert (code, lines["serve.page"]["state"]) == (1, "bad")
    with sole_user(tmp_path / "data"):
        code, lines = doctor(tmp_path, capsys, busy, "--offline")
    assert (code, lines["serve.page"]["state"]) == (0, "ok")


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_people_that_others_may_read_are_bad(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "people.json").write_text('{"version": 1}')
    (tmp_path / "data" / "people.json").chmod(0o644)
    code, lines = doctor(tmp_path, capsys, 0, "--offline")
    assert code == 1
    assert "chmod 600" in lines["permissions"]["mend"]


def test_every_fault_of_the_site_file_is_a_line(tmp_path, capsys):
    file = tmp_path / "line.toml"
    file.write_text("[line]\nnam = 1\n")
    assert main(["doctor", str(file)]) == 1
    assert capsys.readouterr().out.count("BAD  site file") >= 2
