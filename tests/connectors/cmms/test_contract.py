"""What every CMMS has to keep of its promises, told of each kind of order."""

from dataclasses import replace

import pytest

from connectors.cmms.maximo import Maximo
from connectors.cmms.open import open_cmms
from connectors.cmms.port import Attachment, CmmsFault, Created, Duplicate, OrderState, Ref

PICTURE = Attachment("envelope.png", "image/png", b"\x89PNG...", "Envelope spectrum")


@pytest.fixture(params=["work order", "service request"])
def creates(request):
    return request.param


@pytest.fixture
def port(creates, maximo, connect):
    return connect(maximo, creates=creates)


@pytest.fixture
def standing(creates, maximo):
    return lambda: maximo.orders if creates == "work order" else maximo.requests


def test_an_order_is_made_once_and_then_found_by_its_key(port, standing, order):
    made = port.create(order)
    again = port.create(order)

    assert isinstance(made, Created)
    assert made.degraded == ()
    assert again == Duplicate(made.ref)
    assert port.find(order.key) == made.ref
    assert [view.number for view in standing()] == [made.ref.number]


def test_an_unknown_key_is_found_nowhere(port, order):
    port.create(order)

    assert port.find("Z" * 20) is None
    assert port.find("%") is None
    assert port.find("*") is None


def test_an_open_order_of_the_same_fault_is_found_and_of_another_is_not(port, order):
    ref = port.create(order).ref

    assert list(port.find_open("PUMP-7", "outer race")) == [ref]
    assert list(port.find_open("pump-7", "Outer Race")) == [ref]
    assert list(port.find_open("PUMP-7", "cage")) == []
    assert list(port.find_open("PUMP-8", "outer race")) == []


def test_a_failure_mode_outside_the_title_is_still_recognised(port, order):
    ref = port.create(replace(order, title="x" * 200, failure_mode="abnormal sound")).ref

    assert list(port.find_open("PUMP-7", "abnormal sound")) == [ref]


def test_a_finished_order_is_no_longer_open_and_is_still_found_by_key(port, maximo, creates, order):
    ref = port.create(order).ref
    maximo.set_status(ref.number, "COMP" if creates == "work order" else "RESOLVED")

    assert list(port.find_open("PUMP-7", "outer race")) == []
    assert port.find(order.key) == ref
    assert port.read(ref).state is OrderState.DONE


def test_an_attachment_lies_there_once_however_often_it_is_sent(port, standing, order):
    ref = port.create(order).ref
    port.attach(ref, PICTURE)
    port.attach(ref, PICTURE)

    assert standing()[0].attachments == ("envelope.png",)


def test_an_attachment_that_fails_leaves_the_order_standing(port, standing, order):
    ref = port.create(order).ref
    with pytest.raises(CmmsFault):
        port.attach(ref, replace(PICTURE, name="sound.wav"))

    assert standing()[0].attachments == ()


def test_a_note_is_a_line_in_the_log(port, standing, order):
    ref = port.create(order).ref
    port.note(ref, "Still there, +14 dB")
    port.note(ref, "Gone since the repair")

    assert standing()[0].worklog == ("Still there, +14 dB", "Gone since the repair")


def test_a_new_order_is_proposed_and_open(port, order):
    state = port.read(port.create(order).ref).state

    assert state is OrderState.PROPOSED
    assert state.open


def test_an_order_that_is_gone_reads_as_unknown(port, maximo, order):
    ref = port.create(order).ref
    maximo.delete(ref.number)

    assert port.read(ref).state is OrderState.UNKNOWN


def test_a_link_that_names_no_record_is_a_fault_and_not_a_call(port, maximo):
    for href in ("https://elsewhere.example/", "http://[", "/os/../../secret", ""):
        with pytest.raises(CmmsFault, match="names no record"):
            port.read(Ref("1", href))
    assert list(maximo.seen) == []


def test_checking_writes_nothing(port, standing):
    port.check()

    assert standing() == []


def test_settings_choose_the_connector(port):
    assert isinstance(open_cmms(port._settings), Maximo)
