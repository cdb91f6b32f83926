"""The files a plant copies for its Prometheus and Grafana speak of metrics we serve, and hang together."""

import json
import re
from itertools import combinations
from pathlib import Path

import pytest

from gateway.serve.metrics import METRICS
from gateway.serve.metrics_kinds import Kind

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
BOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
RULES = (DEPLOY / "prometheus" / "wheeltapper.rules.yml").read_text("utf-8")
BESIDE = {"wheeltapper_up", "wheeltapper_snapshot_age_seconds"}  #: made where the snapshot is not read
#: Neither drawn nor watched: for who asks for them.
ASKED_FOR = {
    "wheeltapper_station_mode_info",
    "wheeltapper_ear_lost_samples_total",
    "wheeltapper_incidents_unacknowledged",
}


def served():
    for metric in METRICS:
        ends = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        yield from (metric.shown + end for end in ends)


def metrics_in(text):
    return {name for name in re.findall(r"\bwheeltapper_\w+", text) if not name.endswith("_")}


def expressions(board):
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in board["templating"]["list"])
    yield from (one["expr"] for one in board["annotations"]["list"])


@pytest.fixture(params=BOARDS, ids=lambda path: path.stem)
def board(request):
    return json.loads(request.param.read_text("utf-8"))


def test_every_query_asks_for_a_metric_we_serve_or_a_series_we_record(board):
    recorded = set(re.findall(r"record: (\S+)", RULES))
    for expression in expressions(board):
        assert metrics_in(expression) <= {*served(), *BESIDE}, expression
        assert set(re.findall(r"wheeltapper:[\w:]+", expression)) <= recorded, expression


def test_panels_have_ids_and_places_of_their_own(board):
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


def test_every_panel_asks_the_source_that_is_provisioned(board):
    provisioned = (DEPLOY / "grafana/provisioning/datasources/wheeltapper.yml").read_text("utf-8")
    (uid,) = re.findall(r"uid: (\S+)", provisioned)
    sources = [target["datasource"]["uid"] for panel in board["panels"] for target in panel.get("targets", ())]
    sources += [one["datasource"]["uid"] for one in board["templating"]["list"]]
    assert set(sources) == {uid}


def test_dashboards_do_not_take_each_others_place():
    uids = [json.loads(path.read_text("utf-8"))["uid"] for path in BOARDS]
    assert len(set(uids)) == len(uids) == 3


def test_every_rule_asks_for_a_metric_we_serve():
    named = metrics_in(re.sub(r"record: \S+|wheeltapper:[\w:]+", "", RULES))
    assert named <= {*served(), *BESIDE}


def test_every_metric_is_drawn_or_watched_or_said_to_be_for_who_asks():
    used = metrics_in(RULES)
    for path in BOARDS:
        used |= {name for text in expressions(json.loads(path.read_text("utf-8"))) for name in metrics_in(text)}
    unused = {one.shown for one in METRICS if not any(name.startswith(one.shown) for name in used)}
    assert unused == ASKED_FOR
