"""Whatever goes wrong, in whatever order: one order, and never an answer that claims more than is so."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cmms.maximo import Maximo, MaximoSettings
from connectors.cmms.port import Created, Duplicate, Order, RetryAfter
from connectors.simulated.maximo import Fault, SimulatedMaximo

KINDS = ["reset", "truncate", "garbage", "bad-gateway", "login-page", "redirect", "busy", "maintenance"]
FAULTS = st.builds(
    Fault, st.sampled_from(KINDS), st.booleans(), method=st.sampled_from(["GET", "POST", ""]), times=st.integers(1, 3)
)
TRIES_MAX = 40  # more than the faults drawn below can spoil


@pytest.fixture(scope="module")
def plant():
    with SimulatedMaximo() as maximo:
        yield (
            maximo,
            Maximo(MaximoSettings(maximo.url, lambda: "demo-key", "BEDFORD", connect_s=5, read_s=5, total_s=10)),
        )


ORDER = Order(
    "", "PUMP-7", "outer race", "Pump 7: outer race indication", "text", "warning", "2026-01-01T00:00:00+00:00"
)
NUMBERS = count()


@settings(deadline=None, max_examples=150)
@given(st.lists(FAULTS, max_size=6))
def test_a_sender_that_only_repeats_ends_with_exactly_one_order(plant, faults):
    maximo, port = plant
    order = replace(ORDER, key=f"WT{next(NUMBERS):018d}")
    for fault in faults:
        maximo.faults.add(fault)

    for _ in range(TRIES_MAX):
        outcome = port.create(order)
        standing = [view.number for view in maximo.orders if view.key == order.key]
        if isinstance(outcome, RetryAfter | Created | Duplicate):
            # "Certainly not done" is true of this attempt: at most an earlier one stands, and the next look finds it.
            assert len(standing) <= 1
        if isinstance(outcome, Created | Duplicate):
            break
    maximo.faults.clear()

    assert isinstance(outcome, Created | Duplicate)
    assert [outcome.ref.number] == standing
    assert outcome.ref == port.find(order.key)
