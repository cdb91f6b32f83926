"""What a Prometheus reads, from a snapshot written out."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.processes.budget import Budget
from gateway.processes.condition import RemainingLife, WearView
from gateway.processes.snapshot import PartDials, ProcessView
from gateway.serve.metrics import METRICS, SnapshotCollector
from gateway.serve.metrics_kinds import PREFIX, Kind
from tests.gateway.serve.page.conftest import page, store  # noqa: F401  # fixtures
from tests.gateway.serve.snapshots import SILENT, SILENT_ALARM, a_condition, a_part_view, a_snapshot, an_ear

LINE = "Casting line 2"
DIALS = PartDials((0, 1, 0, 2, *(0,) * 8, 1), 1.5, (0,) * 6 + (3,) + (0,) * 5 + (2,), 7.0, {"gap": 4}, {"torn": 2}, 0.8)
WEAR = WearView("warning", "rising", 4.5, RemainingLife(10.0, 20.0, 40.0), "rises")


def scraped(snapshot, *, stale=False):
    """Every sample by name and values of its labels, these by their names; the line left out."""
    world = SimpleNamespace(
        snapshot=snapshot, stale=stale, plan=SimpleNamespace(line=LINE), clock=SimpleNamespace(now=lambda: 1.5)
    )
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(world))
    samples = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("line") == LINE
            key = (sample.name.removeprefix(PREFIX), *labels.values())
            assert key not in samples
            samples[key] = sample.value
    return samples


def named(samples, name):
    return {key[1:]: value for key, value in samples.items() if key[0] == name}


@pytest.fixture
def whole():
    processes = (ProcessView("front", True, 2, os.getpid()), ProcessView("learner-1", True, 0, 1, errand=True))
    snapshot = a_snapshot(a_part_view(dials=DIALS), a_condition(wear=WEAR), (SILENT_ALARM,))
    budget = Budget("2026-11-24T12:00:00Z", 2, "panel", 0.5, False)
    return replace(
        snapshot, processes=processes, pid=os.getpid(), outbox_waiting=3, outbox_stuck=1, dropped={"front": 5},
        budget=budget,
    )  # fmt: skip


def test_parts_are_counted_by_what_the_plc_was_told(whole):
    found = named(scraped(whole), "parts_total")
    assert found == {("ring", "OK"): 381, ("ring", "NotOK"): 31, ("ring", "NotDecidable"): 0}


def test_what_has_not_happened_yet_stands_at_zero_so_that_its_first_time_is_an_increase(whole):
    samples = scraped(whole)
    assert samples["not_decidable_parts_total", "gap", "ring"] == 4
    assert samples["not_decidable_parts_total", "speech", "ring"] == 0
    assert samples["trigger_events_total", "torn", "ring"] == 2
    assert samples["trigger_events_total", "late", "ring"] == 0


def test_the_age_of_the_plcs_heartbeat_is_that_of_the_snapshot(whole):
    assert scraped(whole)["plc_heartbeat_age_seconds", "ring"] == pytest.approx(0.2)
    down = replace(whole.stations[0], part=a_part_view(link="down"))
    assert not named(scraped(replace(whole, stations=(down,))), "plc_heartbeat_age_seconds")


def test_a_histogram_grows_from_bucket_to_bucket_and_ends_at_its_count(whole):
    samples = scraped(whole)
    assert samples["answer_seconds_bucket", "0.005", "ring"] == 1
    assert samples["answer_seconds_bucket", "0.01", "ring"] == 3
    assert samples["answer_seconds_bucket", "+Inf", "ring"] == samples["answer_seconds_count", "ring"] == 4
    assert samples["answer_seconds_sum", "ring"] == 1.5
    assert samples["part_score_bucket", "1.0", "ring"] == 3


def test_a_machine_is_told_with_its_asset_in_base_units(whole):
    samples = scraped(whole)
    assert samples["machine_remaining_life_seconds", "PUMP-7", "mid", "pump-7"] == 20 * 3600
    assert samples["machine_wear_level", "PUMP-7", "warning", "pump-7"] == 1
    assert samples["machine_wear_level", "PUMP-7", "alarm", "pump-7"] == 0
    assert samples["machine_diagnosis_info", "PUMP-7", "drive end", "outer race", "pump-7"] == 1


@pytest.mark.parametrize("change", [{"quality": SILENT}, {"running": False}])
def test_of_a_machine_that_is_not_heard_there_is_no_old_number(change):
    samples = scraped(a_snapshot(pump=a_condition(**change)))
    assert samples["machine_heard", "PUMP-7", "pump-7"] == 0
    assert not named(samples, "machine_level_over_baseline_decibels")


def test_of_an_ear_whose_worker_is_gone_there_is_no_old_number(whole):
    deaf = tuple(replace(one, worker_alive=False) for one in whole.stations)
    samples = scraped(replace(whole, stations=deaf))
    assert samples["worker_up", "ring"] == 0
    assert not named(samples, "ear_level_decibels")


def test_what_is_wrong_with_an_ear_is_named(whole):
    ring = replace(whole.stations[0], ear=an_ear("ring", quality=SILENT, level_db=None))
    samples = scraped(replace(whole, stations=(ring,)))
    assert samples["ear_good", "ring"] == 0
    assert samples["ear_fault", "silent", "ring"] == 1
    assert ("ear_level_decibels", "ring") not in samples


def test_every_alarm_has_a_number_and_one_that_stands_is_1(whole):
    found = named(scraped(whole), "alarm_active")
    assert found["MicrophoneFault", "ring"] == 1
    assert found["MicrophoneFault", "pump-7"] == 0
    assert found["OrdersStuck", ""] == 0


def test_the_gateway_tells_of_its_processes_but_of_no_errand(whole):
    samples = scraped(whole)
    assert samples["process_restarts_total", "front"] == 2
    assert samples["messages_dropped_total", "front"] == 5
    assert set(named(samples, "process_up")) == {("front",)}
    assert set(named(samples, "process_cpu_seconds_total")) == {("main",), ("front",)}
    assert samples["process_resident_memory_bytes", "main"] > 1e6
    assert (samples["outbox_pending",], samples["outbox_failed",], samples["alarms_per_operator",]) == (3, 1, 0.5)


def test_a_process_that_has_just_died_is_left_out(whole):
    gone = replace(whole, processes=(ProcessView("ledger", True, 0, 2**22 + 1),))
    assert set(named(scraped(gone), "process_cpu_seconds_total")) == {("main",)}


def test_while_main_is_silent_there_are_no_numbers_but_that_it_is(whole):
    assert scraped(whole, stale=True) == {("up",): 0, ("snapshot_age_seconds",): 0.5}
    assert scraped(None) == {("up",): 0}


def test_every_metric_of_the_table_is_there_and_named_by_the_rules(whole):
    names = {metric.name for metric in METRICS}
    assert len(names) == len(METRICS)
    for metric in METRICS:
        assert metric.text
        assert not metric.name.endswith("_total"), "its kind adds that"
        assert metric.shown.endswith("_total") is (metric.kind is Kind.COUNTER)
        assert "milliseconds" not in metric.name


async def test_this_pc_reads_them_without_a_login_and_others_with_a_token(page):  # noqa: F811
    assert (await page.browser().get("/metrics")).status == 200
    far = page.browser(address="10.0.0.9")
    refused = await far.get("/metrics")
    assert refused.status == 401
    assert "wheeltapper user token" in refused.text
    page.people(ana="viewer")
    secret = page.token("viewer")
    answer = await far.get("/metrics", authorization=f"Bearer {secret}")
    assert answer.status == 200
    assert answer.text.startswith("# HELP wheeltapper_up")
    assert (await far.get("/metrics", authorization="Bearer nobodys")).status == 401


async def test_anybody_reads_them_where_the_site_file_says_so(page):  # noqa: F811
    page.world.plan = replace(page.world.plan, metrics_open=True)
    assert (await page.browser(address="10.0.0.9").get("/metrics")).status == 200


async def test_a_scraper_that_speaks_openmetrics_gets_it(page):  # noqa: F811
    answer = await page.browser().get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert answer.header("content-type").startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
