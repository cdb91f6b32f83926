"""What the demo says at the end must be able to say no."""

import json
import socket
from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.quality.words import Quality
from analytics.synthesis.parts import part_truth
from connectors.simulated.line import LineReport
from connectors.simulated.maximo import OrderView
from connectors.simulated.plc_program import PartLog
from gateway.cli import demo
from gateway.cli.app import main
from gateway.cli.demo_summary import Timeline, summarise
from gateway.processes.ledger_messages import PartRecord
from gateway.store.database import Store
from gateway.store.records import add_part
from tests.gateway.cli import demo_bodies

SEED = 7
OK = Verdict(Evaluation.OK, 0.5, None, None, "as good parts sound")
NOT_OK = Verdict(Evaluation.NOT_OK, 2.0, "unknown", None, "rings lower")
DISTURBED = not_decidable("a hammer", Quality.DISTURBED, score=1.5)
ORDER = OrderView("1001", "WORKORDER", "WAPPR", "PUMP-7", "outer race", "", "K", {}, (), ("envelope.png",))


def part_ids(kind, wanted, count):
    every = (f"X-{number:05d}" for number in range(1, 2000))
    return [part for part in every if wanted(part_truth(kind, SEED, part))][:count]


def a_log(part_id, sequence, verdict, **changes):
    told = int(verdict.evaluation)
    log = PartLog(part_id, 1, sequence, told == 1, told, 0, 0, verdict.score or 0.0, 1.0, 1.01, 1.4, 1.7)
    return replace(log, **changes)


def a_record(station, part_id, sequence, verdict):
    return PartRecord(
        station, "active", 1, sequence, part_id, 1, "2026-11-24T12:00:00+00:00", verdict, 0, 0, None, True, 420.0, 1.0,
        "castings v1", "judged", None, 6.0,
    )  # fmt: skip


class Run:
    """A run in which everything went as it should, to be spoiled by each test."""

    def __init__(self, tmp_path):
        self.folder = tmp_path / "data"
        self.logs, self.records = {}, []
        for station, kind in (("ring", "castings"), ("gearmotor", "gearmotors")):
            parts = [(part, OK) for part in part_ids(kind, lambda t: t.good and not t.disturbance, 30)]
            parts += [(part, NOT_OK) for part in part_ids(kind, lambda t: t.defect and not t.disturbance, 3)]
            if kind == "gearmotors":
                parts += [(part, DISTURBED) for part in part_ids(kind, lambda t: t.disturbance, 2)]
            self.logs[station] = [a_log(part, n, verdict) for n, (part, verdict) in enumerate(parts, 1)]
            self.records += [a_record(station, part, n, verdict) for n, (part, verdict) in enumerate(parts, 1)]
        self.orders = [ORDER]
        self.timeline = Timeline(0.0, 62.0, None, {"ring": 15.0, "gearmotor": 16.0, "pump-7": 13.0}, 29.0, 30.0, True)

    def summary(self):
        store = Store.open(self.folder, "2026-11-24T12:00:00+00:00")
        with store.commit() as db:
            for record in self.records:
                add_part(db, record)
        store.close()
        report = LineReport({name: tuple(logs) for name, logs in self.logs.items()}, 0, tuple(self.orders))
        return summarise(self.timeline, report, self.folder, SEED)

    def failing(self):
        return {check for check, held in self.summary().checks.items() if not held}


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_a_run_in_which_all_went_well_holds_and_counts_every_part(run):
    summary = run.summary()
    assert summary.holds
    ring, gearmotor = summary.stations
    assert (ring.parts, ring.defects, ring.caught, ring.good, ring.false_rejects) == (33, 3, 3, 30, 0)
    assert (gearmotor.disturbed, gearmotor.disturbed_noticed, gearmotor.passed_defects) == (2, 2, 0)
    assert ring.answer_p50_ms == 6.0
    assert json.loads(json.dumps(summary.record()))["holds"]


def test_a_missed_defect_fails(run):
    defect = next(n for n, log in enumerate(run.logs["ring"]) if log.verdict == 2)
    run.logs["ring"][defect] = replace(run.logs["ring"][defect], verdict=1, passed=True)
    run.records[defect] = replace(run.records[defect], told=OK)
    assert run.failing() == {"at least 95% of planted defects caught"}


def test_four_good_parts_rejected_fail_whatever_they_were_called(run):
    for n, verdict in enumerate((NOT_OK, NOT_OK, DISTURBED, DISTURBED)):
        run.logs["ring"][n] = replace(run.logs["ring"][n], verdict=int(verdict.evaluation), passed=False)
        run.records[n] = replace(run.records[n], told=verdict)
    assert run.failing() == {"at most 5% false rejects"}


def test_a_late_result_fails(run):
    run.logs["ring"][3] = replace(run.logs["ring"][3], late=True)
    assert "no result late" in run.failing()


def test_a_lost_result_fails(run):
    run.logs["ring"][3] = replace(run.logs["ring"][3], result_at=None, verdict=0, passed=False)
    assert "no result lost" in run.failing()


def test_a_verdict_that_store_and_plc_hold_differently_is_on_the_wrong_part(run):
    run.records[3] = replace(run.records[3], told=NOT_OK)
    assert run.failing() == {"no result on the wrong part"}


def test_a_result_the_store_has_for_another_part_is_on_the_wrong_part(run):
    run.records[3] = replace(run.records[3], part_id="X-99999")
    assert run.failing() == {"no result on the wrong part"}


@pytest.mark.parametrize("orders", [[], [ORDER, ORDER], [replace(ORDER, attachments=())]])
def test_no_order_two_orders_or_one_without_evidence_fail(run, orders):
    run.orders = orders
    assert run.failing() == {"exactly one work order, with evidence"}


def test_a_baseline_or_an_order_that_came_too_late_fails(run):
    run.timeline.learned["ring"] = 20.5
    run.timeline.order = 50.5
    assert len(run.failing()) == 2


def test_a_short_run_is_too_short_to_judge_and_says_so(run):
    run.timeline.ended = 40.0
    run.orders = []
    summary = run.summary()
    assert summary.holds
    assert any("too short to judge" in line for line in summary.lines())


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_demo_runs_ends_and_prints_its_summary_as_json(capfd):
    assert main(["demo", "--seconds", "12", "--json"]) == 0

    record = json.loads(capfd.readouterr().out)
    assert record["long_enough"] is False
    assert set(record["checks"]) == {"no result late", "no result lost", "no result on the wrong part"}
    assert sum(station["taught"] for station in record["stations"]) > 0


def test_a_folder_that_is_not_empty_is_not_mixed_with_another_run(tmp_path, capsys):
    (tmp_path / "old").write_text("")
    assert main(["demo", "--keep", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_a_folder_that_cannot_be_had_is_told_in_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--keep", str(tmp_path / "file" / "kept")]) == 1
    assert "wanted a folder that can be written" in one_line(capsys)


def test_a_port_that_is_taken_is_told_before_anything_is_started(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["demo", "--port", str(port)]) == 1
    assert f"port {port} cannot be had for the page" in one_line(capsys)


@pytest.fixture
def idle_line(monkeypatch):
    monkeypatch.setattr(demo, "run_line", demo_bodies.idle_line)


@pytest.mark.usefixtures("idle_line")
def test_a_gateway_that_fails_at_its_start_ends_the_demo_with_its_reason(monkeypatch, capsys):
    whole = demo._site_file

    def without_plc(*arguments):
        site = whole(*arguments)
        site.write_text(
            site.read_text(encoding="utf-8").replace('plc = "castings"', 'plc = "nowhere"'), encoding="utf-8"
        )
        return site

    monkeypatch.setattr(demo, "_site_file", without_plc)
    assert main(["demo", "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("the gateway has failed: SiteError: demo.toml: ")


@pytest.mark.usefixtures("idle_line")
def test_a_gateway_that_is_killed_ends_the_demo(monkeypatch, capsys):
    monkeypatch.setattr(demo, "run_gateway", demo_bodies.dead)
    assert main(["demo", "--json"]) == 1
    assert "the gateway has ended by itself" in one_line(capsys)


def test_a_line_that_is_killed_ends_the_demo(monkeypatch, capsys):
    monkeypatch.setattr(demo, "run_line", demo_bodies.dead)
    assert main(["demo", "--json"]) == 1
    assert "the line has ended by itself" in one_line(capsys)


def one_line(capsys):
    (line,) = capsys.readouterr().err.splitlines()
    return line
