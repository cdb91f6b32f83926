"""Whatever a process says, it says in lines of JSON."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

SAYS = """
import logging, threading
import structlog
from gateway.processes.entry import log_as
log_as("judge")
structlog.get_logger().info("it began", where="ring", kind="started")
structlog.get_logger().debug("nobody reads this")
logging.getLogger("connectors.plc.opcua_security").warning("%s expires in %d days", "the certificate", 9)
logging.getLogger("some.library").warning("chatter")
logging.getLogger("some.library").error("a fault\\nin two lines")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
thread = threading.Thread(target=lambda: structlog.get_logger().info("from a thread"))
thread.start()
thread.join()
raise ValueError("nobody\\ncaught this")
"""

ENTERS = """
import sys
from multiprocessing import Pipe
from gateway.processes.entry import Manner, enter
ours, theirs = Pipe()
enter("judge", "tests.gateway.processes.bodies:fall", None, theirs, Manner())
"""


def lines_of(script):
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_with_level_time_and_process_whoever_says_it():
    code, lines = lines_of(SAYS)
    assert code == 1
    assert all({"event", "level", "timestamp"} <= set(line) and line["process"] == "judge" for line in lines)
    assert [(line["event"], line["level"]) for line in lines] == [
        ("it began", "info"),
        ("the certificate expires in 9 days", "warning"),
        ("a fault\nin two lines", "error"),
        ("ended by a fault that nobody caught", "critical"),
        ("from a thread", "info"),
        ("ended by a fault that nobody caught", "critical"),
    ]
    assert (lines[0]["where"], lines[0]["kind"]) == ("ring", "started")
    assert lines[1]["logger"] == "connectors.plc.opcua_security"
    assert "ZeroDivisionError" in lines[3]["exception"]
    assert lines[5]["exception"].endswith("ValueError: nobody\ncaught this")


def test_a_child_process_that_falls_says_so_in_one_line():
    code, lines = lines_of(ENTERS)
    assert code == 1
    (line,) = lines
    assert (line["process"], line["level"]) == ("judge", "critical")
    assert line["exception"].endswith("RuntimeError: fell")


def test_a_child_process_logs_for_eyes_where_main_does():
    script = ENTERS.replace("Manner()", "Manner(plain=True)")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError: fell" in done.stderr
    assert not done.stderr.startswith("{")
