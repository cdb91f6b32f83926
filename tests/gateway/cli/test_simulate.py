import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from connectors.cmms.maximo import Maximo, MaximoSettings
from connectors.cmms.port import Created, Order
from gateway.cli.app import main

ORDER = Order("", "FAN-1", "imbalance", "Fan 1: imbalance", "text", "warning", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there, a program is not told to end by a signal")
def test_a_simulated_maximo_knows_the_assets_it_is_given_and_shows_what_was_asked_of_it():
    program = "from gateway.cli.app import main; raise SystemExit(main())"
    words = ["simulate", "maximo", "--port", "0", "--asset", "FAN-1", "--asset", "press 2"]
    with subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True) as running:
        try:
            listens = running.stdout.readline()
            url = listens.split("listens on ")[1].partition(",")[0]
            for key, creates in (("KEY1", "work order"), ("KEY2", "service request")):
                port = Maximo(MaximoSettings(url, lambda: "demo-key", "BEDFORD", creates=creates))
                assert isinstance(port.create(replace(ORDER, key=key)), Created)
        finally:
            running.send_signal(signal.SIGTERM)
        shown = running.stdout.read().splitlines()

    assert "assets FAN-1, press 2" in listens
    assert [line.rpartition("  ")[2] for line in shown] == ["Fan 1: imbalance"] * 2
    assert shown[0].startswith("work order 1001  WAPPR  FAN-1")
    assert shown[1].startswith("service request ")
    assert running.returncode == 0


@pytest.mark.parametrize(("option", "found"), [("--mode", "nonsense"), ("--kind", "profinet")])
def test_a_plc_of_a_kind_or_mode_that_does_not_exist_is_refused_with_those_that_do(option, found, capsys):
    assert main(["simulate", "plc", option, found]) == 2
    said = capsys.readouterr().err
    assert found in said
    assert option in said
