"""The Maximo connector where Maximo, the line or a person does what it does in a plant."""

import json
from dataclasses import replace

import pytest

from connectors.cmms.maximo_rest import UNREAD
from connectors.cmms.port import (
    DELETED,
    Attachment,
    AuthFailed,
    CmmsFault,
    Created,
    Duplicate,
    OrderState,
    OrderStatus,
    Ref,
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


# ---- the key --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", ["login-page", "redirect"])
def test_a_login_page_is_no_success_and_is_not_followed(maximo, connect, order, kind, method):
    port = connect(maximo)
    maximo.faults.add(Fault(kind, method=method))
    outcome = port.create(order)

    assert isinstance(outcome, AuthFailed)
    assert "login" in outcome.reason
    assert maximo.orders == []


def test_a_changed_key_works_at_the_next_call(start, connect, order, tmp_path):
    file = tmp_path / "maximo.key"
    maximo = start(keys={"new-key-1": "WHEELTAP"})
    port = connect(maximo, key=lambda: file.read_text().strip())

    missing = port.create(order)
    file.write_text("old-key-1\n")
    refused = port.create(order)
    file.write_text("new-key-1\n")
    made = port.create(order)

    assert isinstance(missing, AuthFailed)
    assert isinstance(refused, AuthFailed)
    assert isinstance(made, Created)


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel"])
def test_a_key_no_header_can_carry_is_never_sent(maximo, connect, order, key):
    outcome = connect(maximo, key=lambda: key).create(order)

    assert isinstance(outcome, AuthFailed)
    assert not key.strip() or key not in outcome.reason
    assert list(maximo.seen) == []


def test_no_secret_shows_anywhere(start, connect, order):
    maximo = start(keys={})
    port = connect(maximo, key=lambda: "very-secret-key")
    outcome = port.create(order)

    for shown in (repr(port), repr(port._settings), repr(outcome), port.check()):
        assert "very-secret" not in str(shown)


def test_missing_rights_stop_the_target_and_not_the_order(start, connect, order):
    maximo = start(refused_users=frozenset({"WHEELTAP"}))
    outcome = connect(maximo).create(order)

    assert isinstance(outcome, AuthFailed)
    assert "BMXAA9301E" in outcome.reason


def test_a_wrong_object_structure_is_set_up_and_not_the_orders_fault(maximo, connect, order):
    assert isinstance(connect(maximo, work_order_structure="MXNONE").create(order), AuthFailed)


def test_an_object_structure_that_forgets_our_key_is_found_out_at_once(start, connect, order):
    maximo = start(ignored=frozenset({"externalrefid"}))
    port = connect(maximo)

    first = port.create(order)
    second = port.create(replace(order, key="B" * 20))

    assert isinstance(first, Rejected)
    assert first.field == "externalrefid"
    assert "1001" in first.reason
    assert isinstance(second, AuthFailed)
    assert len(maximo.orders) == 1


def test_an_object_structure_without_a_field_for_our_key_gets_no_order_at_all(maximo, connect, order):
    outcome = connect(maximo, key_field="wtkey").create(order)

    assert isinstance(outcome, AuthFailed)
    assert "MXAPIWODETAIL has no field for our key; include wtkey" in outcome.reason
    assert maximo.orders == []


def test_lengths_are_read_again_after_a_refusal(start, connect, order):
    maximo = start()
    port = connect(maximo)
    port.create(order)
    maximo._rows.tables["WORKORDER"] = maximo._rows.tables["WORKORDER"].with_lengths({"description": 40})

    assert port.create(replace(order, key="B" * 20)).code == "BMXAA4049E"
    assert isinstance(port.create(replace(order, key="B" * 20)), Created)


def test_a_key_that_its_owner_cannot_read_is_told_in_the_owners_words(maximo, connect, order):
    def locked():
        raise CmmsFault("cmms.maximo.key: /etc/wheeltapper/maximo.key is gone")

    port = connect(maximo, key=locked)

    assert port.create(order) == AuthFailed("cmms.maximo.key: /etc/wheeltapper/maximo.key is gone")
    assert not port.check()[0].ok
    with pytest.raises(CmmsFault, match="is gone"):
        port.find(order.key)


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


# ---- people ---------------------------------------------------------------------------------------------------------


def test_a_persons_corrective_order_counts_and_a_preventive_one_does_not(maximo, connect):
    maximo.make_order("PUMP-7", "Monthly greasing", worktype="PM")
    assert list(connect(maximo).find_open("PUMP-7", "outer race")) == []

    number = maximo.make_order("PUMP-7", "Pump makes noise")
    (found,) = connect(maximo).find_open("PUMP-7", "outer race")
    assert (found.number, found.key) == (number, "")


def test_a_request_finds_a_persons_work_order_too(maximo, connect):
    number = maximo.make_order("PUMP-7", "Pump makes noise", worktype="CM")
    (found,) = connect(maximo, creates="service request").find_open("PUMP-7", "outer race")

    assert found.number == number


def test_by_problem_code_only_the_same_fault_counts(start, connect):
    maximo = start(failure_codes={"PUMPS": frozenset({"NOI", "LEAK"})})
    maximo.make_order("PUMP-7", "Leaking", failurecode="PUMPS", problemcode="LEAK")
    noise = maximo.make_order("PUMP-7", "Noise", failurecode="PUMPS", problemcode="NOI")
    port = connect(maximo, peoples_orders="problem code", problem_codes={"outer race": "NOI"})

    assert [ref.number for ref in port.find_open("PUMP-7", "outer race")] == [noise]
    assert list(port.find_open("PUMP-7", "cage")) == []
    assert list(connect(maximo, peoples_orders="none").find_open("PUMP-7", "outer race")) == []


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("APPR", OrderState.ACCEPTED),
        ("APPR S1", OrderState.ACCEPTED),
        ("INPRG", OrderState.IN_PROGRESS),
        ("WMATL", OrderState.WAITING),
        ("COMP", OrderState.DONE),
        ("CLOSE", OrderState.CLOSED),
        ("CAN", OrderState.CANCELLED),
    ],
)
def test_a_status_is_read_by_maximos_own_word_whatever_the_site_calls_it(maximo, connect, order, status, state):
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.set_status(ref.number, status)

    read = port.read(ref)
    assert (read.state, read.raw) == (state, status)
    assert bool(port.find_open("PUMP-7", "outer race")) is state.open


def test_a_finished_order_is_not_open_whatever_the_site_calls_finished(start, connect, order):
    maximo = start(synonyms={"FERTIG": "COMP"})
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.set_status(ref.number, "FERTIG")

    assert list(port.find_open("PUMP-7", "outer race")) == []


def test_a_cancelled_order_says_why(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.cancel(ref.number, "Pump is scrapped")

    assert port.read(ref).memo == "Pump is scrapped"


def test_an_order_that_moved_to_another_site_is_followed_by_its_key(start, connect, order):
    maximo = start(other_sites=("NASHUA",))
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.delete(ref.number)
    moved = maximo.make_order("", "moved", siteid="NASHUA", externalrefid=order.key, assetnum=None)

    assert port.read(ref).state is OrderState.PROPOSED
    assert port.find(order.key).number == moved


def test_a_deleted_order_reads_as_deleted_whoever_made_it(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    theirs = maximo.make_order("PUMP-7", "Pump is noisy", worktype="CM")
    (adopted,) = [found for found in port.find_open("PUMP-7", "outer race") if found.number == theirs]
    maximo.delete(ref.number)
    assert port.read(ref) == OrderStatus(OrderState.UNKNOWN, DELETED)
    assert port.read(adopted).state is OrderState.PROPOSED

    maximo.delete(theirs)
    assert port.read(adopted) == OrderStatus(OrderState.UNKNOWN, DELETED)


@pytest.mark.parametrize("key", ["", "A2B3C4D5E6F7G2H3J4K5"])
def test_a_proxy_that_calls_everything_missing_has_deleted_no_order(maximo, connect, answering, key):
    serve, heard = answering
    page = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>"
    port = connect(maximo, url=serve(page))
    serve(page)

    with pytest.raises(CmmsFault):
        port.read(Ref("1001", "os/mxapiwodetail/_QkVERk9SRC8xMDAx", key))
    assert len(heard) == 2


def test_a_repeated_note_is_one_line_and_keeps_what_people_wrote(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.edit(ref.number, worklog=[{"description": "Ordered a bearing"}])
    maximo.faults.add(Fault("reset", commits=True, method="POST"))

    with pytest.raises(CmmsFault):
        port.note(ref, "Still there")
    port.note(ref, "Still there")

    assert maximo.orders[0].worklog == ("Ordered a bearing", "Still there")


def test_a_long_note_keeps_its_text_in_the_long_description(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    port.note(ref, "word " * 60)

    assert len(maximo.orders[0].worklog[0]) <= 100


def test_a_note_on_a_closed_order_is_a_fault_with_a_sentence(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.close(ref.number)

    with pytest.raises(CmmsFault, match="history"):
        port.note(ref, "too late")


# ---- attachments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ('a"b\r\n.png', "a_b .png"),
        ("Hüllkurve.png", "Hüllkurve.png"),
        ("C:\\x\\y.png", "y.png"),
    ],
)
def test_an_attachments_name_is_made_harmless_and_stays_readable(maximo, connect, order, name, stored):
    port = connect(maximo)
    ref = port.create(order).ref
    port.attach(ref, Attachment(name, "image/png", b"", "Hüllkurve"))
    port.attach(ref, Attachment(name, "image/png", b"", "Hüllkurve"))

    assert maximo.orders[0].attachments == (stored,)
    assert maximo.file(ref.number, stored) == b""


def test_a_file_above_the_limit_is_never_sent(maximo, connect, order):
    port = connect(maximo, attachment_bytes_max=10)
    ref = port.create(order).ref
    before = len(maximo.seen)

    with pytest.raises(CmmsFault, match="11 bytes; wanted at most 10"):
        port.attach(ref, Attachment("a.png", "image/png", b"x" * 11))
    assert len(maximo.seen) == before


def test_an_attachment_whose_answer_was_lost_is_not_sent_twice(maximo, connect, order):
    port = connect(maximo)
    ref = port.create(order).ref
    maximo.faults.add(Fault("reset", commits=True, path="doclinks", method="POST"))

    with pytest.raises(CmmsFault):
        port.attach(ref, Attachment("a.png", "image/png", b"x"))
    port.attach(ref, Attachment("a.png", "image/png", b"x"))

    assert maximo.orders[0].attachments == ("a.png",)


def test_a_hundred_orders_of_an_asset_are_read_page_by_page(maximo, connect, order):
    for number in range(120):
        maximo.make_order("PUMP-7", f"noise {number}")

    assert len(connect(maximo).find_open("PUMP-7", "outer race")) == 120


def test_a_body_may_hold_anything_a_text_can_hold(maximo, connect, order):
    nasty = "<script>alert(1)</script> ]]> \x00\u202e\ud800 =cmd 'or 1=1-- \U0001f600"
    made = connect(maximo).create(replace(order, title=nasty, text=nasty))

    assert isinstance(made, Created)
    assert "<script>" not in maximo.orders[0].long_description
    assert json.dumps(maximo.orders[0].description)
