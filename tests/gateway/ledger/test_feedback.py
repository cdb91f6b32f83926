"""What maintenance found, by the failure code of a done order, stands beside the incident."""

from contextlib import ExitStack

import pytest

from connectors.cmms.port import OrderState, OrderStatus
from gateway.ledger.body import Ledger
from gateway.ledger.plan import Delivery, LedgerPlan, StationEntry
from gateway.store.labels import feedback
from gateway.store.read import Reader
from tests.gateway.ledger.test_body import deliver, episode, report, turn


@pytest.fixture
def ledger(tmp_path, channel, clock, cmms):
    stations = (StationEntry("pump-7", "Pump 7", "PUMP-7", "maximo"),)
    delivery = Delivery(pictures=False, failure_codes={"NOFAULT": "false alarm", "BRGWORN": "confirmed"})
    with ExitStack() as stack:
        plan = LedgerPlan("L", str(tmp_path), stations=stations, delivery=delivery)
        yield Ledger(plan, channel, clock, lambda name: cmms, stack)


@pytest.mark.parametrize(
    ("problem", "found"),
    [("nofault", "false alarm"), ("BRGWORN", "confirmed"), ("OTHER", None), ("", None)],
)
def test_a_mapped_failure_code_says_whether_the_incident_was_true(
    ledger, channel, clock, cmms, tmp_path, problem, found
):
    turn(ledger, channel, clock, report(clock, episode()))
    deliver(ledger, clock)
    cmms.states["1001"] = OrderStatus(OrderState.DONE, "COMP", problem=problem)
    ledger.senders["maximo"].ask_after_orders()
    deliver(ledger, clock)

    reader = Reader(tmp_path)
    with reader:
        (order,) = reader.orders(1)
        said = feedback(reader.db, [order.incident])
        events = [one.sentence for one in reader.events(20) if one.kind == "order-state"]
    assert said == ({} if found is None else {order.incident: (problem, found)})
    assert any(f"failure code {problem}: {found}" in one for one in events) is (found is not None)
