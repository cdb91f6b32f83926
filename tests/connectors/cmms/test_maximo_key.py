"""The Maximo connector where its key, its rights or the object structures do not do."""

from dataclasses import replace

import pytest

from connectors.cmms.port import (
    AuthFailed,
    CmmsFault,
    Created,
    Rejected,
)
from connectors.simulated.maximo import Fault

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
