"""The Maximo connector and what people do in Maximo: their orders, notes and files."""

import json
from dataclasses import replace

import pytest

from connectors.cmms.port import (
    DELETED,
    Attachment,
    CmmsFault,
    Created,
    OrderState,
    OrderStatus,
    Ref,
)
from connectors.simulated.maximo import Fault

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
