"""The Maximo connector where Maximo, the line or a person does what it does in a plant."""

from dataclasses import replace

import pytest

from connectors.cmms.maximo_rest import UNREAD
from connectors.cmms.port import (
    Created,
    Duplicate,
    Rejected,
    RetryAfter,
    Unknown,
)
from connectors.simulated.maximo import Asset, Fault

# ---- what is sent ---------------------------------------------------------------------------------------------------


def test_what_is_sent_is_what_the_site_file_says(maximo, connect, order):
    port = connect(
        maximo,
        priority={"critical": 1, "warning": 3},
        worktype="CM",
        org="EAGLENA",
        page_link="http://gateway:8080/incidents/",
    )
    port.create(order)

    (made,) = maximo.orders
    assert made.status == "WAPPR"
    assert made.values["wopriority"] == 1
    assert made.values["worktype"] == "CM"
    assert made.values["ownersysid"] == "WHEELTAP"
    assert made.values["reportdate"] == "2026-11-24T11:59:00+00:00"
    assert made.long_description == (
        "Heard since Monday.<br>107.4 Hz = 3.58 x 29.95 Hz, 4 harmonics, p &lt; 1e-6"
        f"<br><br>http://gateway:8080/incidents/{order.key}"
    )


def test_a_severity_without_a_priority_is_sent_without_one(maximo, connect, order):
    connect(maximo, priority={"warning": 3}).create(order)

    assert "wopriority" not in maximo.orders[0].values


def test_a_request_counts_priority_in_a_field_of_its_own(maximo, connect, order):
    connect(maximo, creates="service request", priority={"critical": 1}, worktype="CM").create(order)

    (made,) = maximo.requests
    assert (made.values["reportedpriority"], made.values["class"]) == (1, "SR")
    assert "worktype" not in made.values


def test_every_call_is_lean_keyed_by_header_alone_and_brings_no_cookie(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    port.note(ref, "once more")
    port.read(ref)

    assert len(maximo.seen) >= 5
    assert ref.href.startswith(maximo.url)
    for seen in maximo.seen:
        assert "lean=1" in seen.target
        assert seen.headers["x-public-uri"] == maximo.url
        assert "apikey" not in seen.target
        assert "demo-key" not in str(seen)
        assert "cookie" not in seen.headers


def test_texts_are_cut_to_the_lengths_of_the_site(start, connect, order):
    maximo = start(lengths={"description": 50, "description_longdescription": 60})
    made = connect(maximo).create(order)

    assert isinstance(made, Created)
    assert maximo.orders[0].description == "Pump 7 drive end bearing: outer race indication..."
    assert len(maximo.orders[0].long_description) <= 60


def test_a_report_from_the_future_is_dated_by_maximos_clock(maximo, connect, order):
    made = connect(maximo).create(replace(order, reported_at="2026-11-24T15:00:00+01:00"))

    assert made.degraded == ()
    assert maximo.orders[0].values["reportdate"] == "2026-11-24T12:00:00+00:00"


def test_a_broken_clock_of_maximo_does_not_date_the_report(maximo, connect, wall, order):
    wall.turn(-400 * 86_400)
    made = connect(maximo).create(order)

    assert isinstance(made, Created)
    assert made.degraded[0].startswith("reportdate: ")
    assert maximo.orders[0].values["reportdate"] == wall().isoformat()


@pytest.mark.parametrize("when", ["2026-11-24T12:00:00", "yesterday", ""])
def test_a_time_that_says_too_little_is_left_to_maximo(maximo, connect, order, when):
    assert isinstance(connect(maximo).create(replace(order, reported_at=when)), Created)
    assert maximo.orders[0].values["reportdate"] == "2026-11-24T12:00:00+00:00"


# ---- the lost answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset", "truncate", "drip", "bad-gateway", "maintenance", "garbage", "hang"])
def test_committed_and_then_lost_is_unknown_until_a_look_finds_the_one_order(start, connect, order, kind):
    maximo = start(slow_s=0.9)
    port = connect(maximo, read_s=0.6, total_s=1.2)
    maximo.faults.add(Fault(kind, commits=True, method="POST"))

    first = port.create(order)
    second = connect(maximo).create(order)

    # A body that is no JSON under a good status is settled by looking at once.
    assert isinstance(first, Created if kind == "garbage" else Unknown)
    assert isinstance(second, Duplicate)
    assert second.ref == port.find(order.key)
    assert len(maximo.orders) == 1


@pytest.mark.parametrize("kind", ["reset", "hang", "bad-gateway", "maintenance", "garbage"])
def test_lost_before_the_commit_is_unknown_too_and_a_later_create_makes_it(start, connect, order, kind):
    maximo = start()
    port = connect(maximo, read_s=0.6, total_s=1.2)
    maximo.faults.add(Fault(kind, method="POST"))

    assert isinstance(port.create(order), Unknown)
    assert port.find(order.key) is None
    assert isinstance(port.create(order), Created)
    assert len(maximo.orders) == 1


def test_a_repeat_that_the_look_does_not_show_yet_is_settled_by_the_transaction_id(maximo, connect, wall, order):
    port = connect(maximo)
    port.create(order)
    number = maximo.orders[0].number
    maximo.edit(number, externalrefid="")

    # A person cleared our key: only the transaction id still tells, and for five minutes alone.
    assert isinstance(port.create(order), Unknown)
    wall.turn(301)
    assert isinstance(port.create(order), Created)


def test_a_repeat_after_a_weekend_is_settled_by_the_look_alone(maximo, connect, wall, order):
    port = connect(maximo)
    first = port.create(order)
    wall.turn(3 * 86_400)

    assert port.create(order) == Duplicate(first.ref)
    assert len(maximo.orders) == 1


def test_an_alternate_key_refuses_a_second_order_for_ever(start, connect, wall, order):
    maximo = start(alternate_key=True)
    port = connect(maximo)
    first = port.create(order)
    wall.turn(86_400)
    outcome = port._creation.send(
        order, UNREAD
    )  # as a second sender would, whose look came before the first one's commit

    assert outcome == Duplicate(first.ref)
    assert len(maximo.orders) == 1


# ---- certainly not done ---------------------------------------------------------------------------------------------


def test_a_refused_connection_is_certainly_not_done(maximo, connect, order):
    port = connect(maximo)
    maximo.stop()
    outcome = port.create(order)

    assert isinstance(outcome, RetryAfter)
    assert "cannot be reached" in outcome.reason


def test_a_name_nobody_knows_is_certainly_not_done(maximo, connect, order):
    outcome = connect(maximo, url="http://maximo.invalid/maximo/api").create(order)

    assert isinstance(outcome, RetryAfter)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("", 60.0), ("soon", 60.0), ("0", 1.0), ("999999999999", 3600.0), ("-5", 60.0)],
)
def test_a_busy_maximo_names_the_time(maximo, connect, order, said, seconds):
    port = connect(maximo)
    maximo.faults.add(Fault("busy", retry_after=said, method="POST"))

    assert port.create(order).seconds == seconds
    assert maximo.orders == []


def test_retry_after_may_be_a_date(maximo, connect, order):
    maximo.faults.add(Fault("busy", retry_after="Tue, 24 Nov 2026 12:02:00 GMT", method="POST"))

    assert connect(maximo).create(order).seconds == 120.0


def test_a_maintenance_page_with_a_time_is_waited_for(maximo, connect, order):
    maximo.faults.add(Fault("maintenance", retry_after="30", method="POST"))

    assert connect(maximo).create(order) == RetryAfter(30.0, "Maximo answered 503")


@pytest.mark.parametrize("kind", ["reset", "hang", "bad-gateway", "truncate", "garbage", "maintenance"])
def test_a_look_that_fails_sends_nothing(maximo, connect, order, kind):
    port = connect(maximo, read_s=0.6, total_s=1.2)
    maximo.faults.add(Fault(kind, method="GET"))

    assert isinstance(port.create(order), RetryAfter)
    assert [seen.method for seen in maximo.seen] == ["GET"]
    assert maximo.orders == []


# ---- refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asset", ["GONE", "PUMP-9", 'a"b', "a%b", "x" * 26, "Pümpe 7", "a/b c"])
def test_an_asset_maximo_does_not_take_is_rejected_and_others_go_on(start, connect, order, asset):
    maximo = start(assets=(Asset("PUMP-7"), Asset("PUMP-9", status="DECOMMISSIONED")))
    port = connect(maximo)

    refused = port.create(replace(order, asset=asset))
    made = port.create(replace(order, key="B" * 20))

    assert isinstance(refused, Rejected)
    assert refused.field == "assetnum"
    assert refused.code in {"BMXAA0090E", "BMXAA4049E"}
    assert isinstance(made, Created)


def test_a_wrong_site_is_rejected(maximo, connect, order):
    outcome = connect(maximo, site="NOWHERE").create(order)

    assert (outcome.code, outcome.field) == ("BMXAA4153E", "siteid")


def test_a_priority_or_work_type_the_site_does_not_know_is_left_out_and_said(start, connect, order):
    maximo = start(priorities=frozenset({1, 2, 3, 4}))
    made = connect(maximo, priority={"critical": 99}, worktype="CBM").create(order)

    assert isinstance(made, Created)
    assert sorted(word.split(":")[0] for word in made.degraded) == ["wopriority", "worktype"]
    assert "wopriority" not in maximo.orders[0].values
    assert len(maximo.orders) == 1


def test_a_key_that_no_header_can_carry_is_rejected(maximo, connect, order):
    assert isinstance(connect(maximo).create(replace(order, key="a\r\nb")), Rejected)
    assert list(maximo.seen) == []
