"""A real Prometheus reads a running gateway, and every expression of the dashboards and rules finds what it should.

Grafana itself is not a package here: its dashboards are read as it reads them, query by query.
"""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from socket import socket

import pytest
import requests

from tests.foreign.rich_plant import LINE, rich_gateway

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "wheeltapper.rules.yml"
BOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
#: Panels that are empty within two minutes of the demo; on the made-up plant each has something to draw.
EMPTY_IN_THE_DEMO = {
    "NotDecidable by cause",
    "What else came of triggers",
    "What is wrong with ears",
    "Which alarms stood",
    "Wear over baseline",  # wants more running time
    "Level of wear",
    "Remaining life: ends and middle",
    "Taught sounds",  # no station listens for any
    "Alarms for each operator in ten minutes",  # measured once a minute
}
SCRAPES = 30  #: so that every window holds several
DEMO = "Casting line 2"
#: What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "30s", "$__range": "10m", "$station": ".*"}

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (PROMETHEUS and PROMTOOL), reason="prometheus is not there (apt-get install prometheus)"),
]


def free_port():
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A running demo: the address of its page."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    command = [str(Path(sys.executable).with_name("wheeltapper")), "demo", "--keep", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        while not (found := re.search(r"page: (http://\S+)", process.stderr.readline())):
            assert process.poll() is None, "the demo has ended"
        wait_for(lambda: requests.get(f"{found[1]}/readyz", timeout=5).status_code == 200, 120)
        yield found[1]
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def made_up():
    with rich_gateway() as address:
        yield address


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory):
    """Where an Alertmanager listens, or would."""
    address = f"127.0.0.1:{free_port()}"
    if ALERTMANAGER is None:
        yield address
        return
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", "utf-8")
    command = [
        ALERTMANAGER, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data",
        f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def prometheus(gateway, made_up, alertmanager, tmp_path_factory):
    """A Prometheus that has scraped both for a while by the very files of deploy/; the address of its API."""
    folder = tmp_path_factory.mktemp("prometheus")
    shutil.copy(RULES, folder)
    config = (DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8")
    targets = f'"{gateway.removeprefix("http://")}", "{made_up}"'
    config = config.replace("15s", "1s").replace('"127.0.0.1:8080"', targets).replace("127.0.0.1:9093", alertmanager)
    (folder / "prometheus.yml").write_text(config, "utf-8")
    port = free_port()
    command = [
        PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    api = f"http://127.0.0.1:{port}/api/v1"
    try:
        wait_for(lambda: least(asked(api, "count_over_time(wheeltapper_up[5m])"), series=2) >= SCRAPES, 120)
        yield api
    finally:
        process.terminate()
        process.wait(30)


def wait_for(holds, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(requests.RequestException):  # it is starting
            if holds():
                return
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s")


def least(found, series):
    return min(float(one["value"][1]) for one in found) if len(found) == series else 0.0


def asked(api, query):
    answer = requests.get(f"{api}/query", {"query": query}, timeout=10).json()
    assert answer["status"] == "success", (query, answer.get("error"))
    return answer["data"]["result"]


def plain(query, line=".*"):
    for name, value in (VARIABLES | {"$line": line}).items():
        query = query.replace(name, value)
    query = re.sub(r"^label_values\((.*), \w+\)$", r"\1", query)
    assert "$" not in query, query
    return query


def panels():
    for path in BOARDS:
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                name = f"{path.stem}: {panel['title']} {target['refId']}"
                yield pytest.param(panel["title"], target["expr"], id=name)


def variables():
    for path in BOARDS:
        board = json.loads(path.read_text("utf-8"))
        yield from (plain(one["definition"]) for one in board["templating"]["list"])
        yield from (plain(one["expr"]) for one in board["annotations"]["list"])


@pytest.mark.parametrize(("title", "expression"), list(panels()))
def test_every_panel_finds_what_it_should(prometheus, title, expression):
    assert asked(prometheus, plain(expression, DEMO)) or title in EMPTY_IN_THE_DEMO
    found = asked(prometheus, plain(expression, LINE))
    assert found
    assert all(set(one["metric"]) for one in found), "a legend would be empty"


def test_every_variable_and_annotation_is_understood(prometheus):
    for query in set(variables()):
        found = asked(prometheus, query)
        assert found, query


def test_every_rule_is_evaluated_without_a_fault_and_records_what_it_should(prometheus):
    groups = requests.get(f"{prometheus}/rules", timeout=10).json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len(re.findall(r"^ +- (?:alert|record):", RULES.read_text("utf-8"), re.M))
    assert {rule["health"] for rule in rules} == {"ok"}
    for rule in rules:
        if rule["type"] == "recording":
            assert {one["metric"]["line"] for one in asked(prometheus, rule["name"])} == {DEMO, LINE}, rule["name"]


def test_what_stands_too_long_is_an_alert(prometheus):
    alerts = requests.get(f"{prometheus}/alerts", timeout=10).json()["data"]["alerts"]
    begun = {one["labels"]["alertname"] for one in alerts if one["labels"].get("line") == LINE}
    assert {"WheeltapperEarFault", "WheeltapperTriggersLost", "WheeltapperOrdersStuck"} <= begun
    assert "WheeltapperStationNotReady" not in begun


@pytest.mark.skipif(ALERTMANAGER is None, reason="alertmanager is not there (apt-get install prometheus-alertmanager)")
def test_an_alert_reaches_alertmanager_with_line_station_and_sentence(prometheus, alertmanager):
    def told():
        alerts = requests.get(f"http://{alertmanager}/api/v2/alerts", timeout=5).json()
        return [one for one in alerts if one["labels"]["alertname"] == "WheeltapperTriggersLost"]

    wait_for(told, 60)
    assert {(one["labels"]["line"], one["labels"]["station"]) for one in told()} == {(LINE, "ring")}
    assert f"{LINE}, ring: parts were late" in {one["annotations"]["summary"] for one in told()}


def test_prometheus_knows_of_as_many_parts_as_the_page_shows(prometheus, gateway):
    shown = requests.get(f"{gateway}/api/v1/stations/ring", timeout=5).json()["counters"]
    (scraped,) = asked(prometheus, f'sum(wheeltapper_parts_total{{line="{DEMO}",station="ring"}})')
    total = shown["ok"] + shown["not_ok"] + shown["not_decidable"]
    assert total - 10 <= float(scraped["value"][1]) <= total + 10, "within the seconds between the two looks"


def test_promtool_finds_nothing_to_say_of_the_metrics(gateway):
    text = requests.get(f"{gateway}/metrics", timeout=5).text
    assert "wheeltapper_machine_level_over_baseline_decibels{" in text
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_gateway_is_healthy_and_ready(gateway):
    assert requests.get(f"{gateway}/healthz", timeout=5).json() == {"healthy": True, "reasons": []}
    assert requests.get(f"{gateway}/readyz", timeout=5).json() == {"ready": True, "reasons": []}


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "wheeltapper.rules.yml"),
        ("test", "rules", "wheeltapper.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_accepts_the_files_we_ship(command):
    done = subprocess.run(
        [PROMTOOL, *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
