"""Two Maximo clients that others wrote drive the simulated Maximo: what it speaks is not only what we expect of it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.simulated.maximo import SimulatedMaximo, SimulatedMaximoSettings

pytestmark = pytest.mark.foreign

HERE = Path(__file__).resolve().parent
FOREIGN = HERE.parents[1] / ".foreign"
PYTHON = FOREIGN / "maximo-py" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
NODE = shutil.which("node")


def run(command, **environment):
    done = subprocess.run(
        [str(part) for part in command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=FOREIGN,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1].removeprefix("RESULT "))


def installed(client):
    return (FOREIGN / client / "installed").is_file()


@pytest.mark.skipif(
    not installed("maximo-py"), reason="the client of PyPI is not there: tests/foreign/install_maximo.py"
)
def test_the_client_of_pypi_makes_an_order_finds_it_and_hears_a_refusal():
    # This client plays JSESSIONID back beside its key, which a real Maximo was seen to answer with 401.
    with SimulatedMaximo(replace(SimulatedMaximoSettings(), cookie_trap=False)) as maximo:
        seen = run(
            [PYTHON, HERE / "maximo_client.py"],
            MAXIMO_URL=maximo.url.replace("/api", "/oslc"),
            AUTH_MODE="apikey",
            MAXIMO_API_KEY="demo-key",
        )

        assert seen["login"] is True
        assert seen["total"] == 1
        assert seen["member"][0]["wonum"] == "1001" == maximo.orders[0].number
        assert maximo.orders[0].description == "Made by the client of PyPI"
        assert seen["refused"] == [400, "BMXAA0090E"]


@pytest.mark.skipif(
    not installed("maximo-py"), reason="the client of PyPI is not there: tests/foreign/install_maximo.py"
)
def test_the_client_of_pypi_falls_into_the_cookie_trap_where_it_is_set():
    with SimulatedMaximo() as maximo, pytest.raises(AssertionError, match="Authentication failed"):
        run(
            [PYTHON, HERE / "maximo_client.py"],
            MAXIMO_URL=maximo.url.replace("/api", "/oslc"),
            AUTH_MODE="apikey",
            MAXIMO_API_KEY="demo-key",
        )


@pytest.mark.skipif(
    NODE is None or not installed("maximo-node"),
    reason="node or its client is missing: tests/foreign/install_maximo.py",
)
@pytest.mark.parametrize("lean", [1, 0], ids=["lean", "namespaces"])
def test_the_client_of_npm_makes_an_order_finds_it_and_changes_it(lean):
    with SimulatedMaximo() as maximo:
        port = maximo.url.split(":")[2].split("/")[0]
        seen = run([NODE, HERE / "maximo_client.js", port, lean], NODE_PATH=str(FOREIGN / "maximo-node/node_modules"))

        prefix = "" if lean else "spi:"
        assert seen["made"][f"{prefix}wonum"] == "1001"
        assert [row[f"{prefix}wonum"] for row in seen["found"]] == ["1001"]
        assert seen["changed"][f"{prefix}description"] == "Changed by the client of npm"
        assert [order.description for order in maximo.orders] == ["Changed by the client of npm"]
        assert seen["schema"]
