import subprocess
import sys

import pytest

from gateway.cli.app import main
from gateway.store.database import StoreError
from gateway.store.sole import FILE, sole_user

HOLD = """
import sys
from pathlib import Path
from gateway.store.sole import sole_user
with sole_user(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

SITE = """
[line]
name = "Line"
[plc.main]
kind = "modbus"
host = "127.0.0.1"
[[station]]
name = "ring"
source = { kind = "simulated", sound = "castings" }
[station.parts]
plc = "main"
block = 0
teach_parts = 20
"""


@pytest.fixture
def other(tmp_path):
    """Another gateway's process that holds the store."""
    folder = tmp_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_gateway_is_refused_in_one_sentence_and_starts_nothing(other, tmp_path, capsys):
    site = tmp_path / "line.toml"
    site.write_text(SITE)

    assert main(["run", str(site), "--seconds", "1"]) == 1

    assert "another gateway runs on this store" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "data").iterdir()] == [FILE]


def test_a_store_is_free_as_soon_as_its_gateway_was_killed(other, tmp_path):
    other.kill()
    other.wait()

    with sole_user(tmp_path / "data"):
        pass


def test_one_process_does_not_hold_it_twice_and_lets_go_of_it(tmp_path):
    with sole_user(tmp_path), pytest.raises(StoreError), sole_user(tmp_path):
        pass
    with sole_user(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_keeps_nobody_from_judging(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")

    with sole_user(tmp_path / "data"):
        pass
