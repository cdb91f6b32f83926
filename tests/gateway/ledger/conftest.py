"""A clock that tests turn, a CMMS in memory with a fault plan, and a channel without a process."""

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from connectors.cmms.port import (
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


class TurnedClock:
    def __init__(self):
        self.seconds = 1000.0
        self.date = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def now(self):
        return self.seconds

    def wall(self):
        return self.date

    def pass_(self, seconds):
        self.seconds += seconds
        self.date += timedelta(seconds=seconds)


class TwinCmms:
    """Behaves as the port promises; `plan` holds what the next creates do."""

    def __init__(self):
        self.plan = deque()
        self.orders = {}  # number -> Order
        self.people = {}  # (asset, mode) -> number of a person's own order
        self.states = {}
        self.notes = []
        self.attached = []
        self.creates = []
        self.down = False
        self.refuse_extras = False

    def check(self):
        return ()

    def _ask(self):
        if self.down:
            raise CmmsFault("maximo: no answer within 20 s")

    def find(self, key):
        self._ask()
        return next((Ref(n, f"/{n}", key) for n, o in self.orders.items() if o.key == key), None)

    def find_open(self, asset, failure_mode):
        self._ask()
        number = self.people.get((asset, failure_mode))
        return [] if number is None else [Ref(number, f"/{number}")]

    def create(self, order):
        self.creates.append(order.key)
        doing = self.plan.popleft() if self.plan else "answer"
        match doing:
            case "answer" | "commit and drop":
                standing = self.find(order.key)
                if standing is not None:
                    return Duplicate(standing)
                number = str(1001 + len(self.orders))
                self.orders[number] = order
                self.states[number] = OrderStatus(OrderState.PROPOSED, "WAPPR")
                return Created(Ref(number, f"/{number}", order.key)) if doing == "answer" else Unknown("reset")
            case "drop":
                return Unknown("no answer within 20 s")
            case "refuse":
                return RetryAfter(5.0, "connection refused")
            case "auth":
                return AuthFailed("the key was refused")
            case "reject":
                return Rejected("asset is not valid", "assetnum", "BMXAA0090E")
            case "die":
                raise KeyboardInterrupt
            case _:
                raise RuntimeError("a bug in the connector")

    def attach(self, ref, attachment):
        self._ask()
        if self.refuse_extras:
            raise CmmsFault("maximo: .png is not allowed")
        self.attached.append((ref.number, attachment.name))

    def note(self, ref, text):
        self._ask()
        self.notes.append((ref.number, text))

    def read(self, ref):
        self._ask()
        return self.states.get(ref.number, OrderStatus(OrderState.PROPOSED, "WAPPR"))


class MemoryChannel:
    def __init__(self):
        self.incoming = deque()
        self.sent = []

    def send(self, message):
        self.sent.append(message)
        return True

    def receive(self, timeout_s):
        heard = list(self.incoming)
        self.incoming.clear()
        return heard


@pytest.fixture
def clock():
    return TurnedClock()


@pytest.fixture
def cmms():
    return TwinCmms()


@pytest.fixture
def channel():
    return MemoryChannel()
