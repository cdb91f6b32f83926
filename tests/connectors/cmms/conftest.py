from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.cmms.maximo import Maximo, MaximoSettings
from connectors.cmms.port import Order
from connectors.simulated.maximo import SimulatedMaximo, SimulatedMaximoSettings


class Wall:
    """Maximo's clock, turned by hand."""

    def __init__(self):
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def turn(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def start(wall):
    """Starts simulated Maximos and stops them at the end."""
    running = []

    def start_one(**changes):
        maximo = SimulatedMaximo(replace(SimulatedMaximoSettings(), **{"slow_s": 0.05} | changes), wall)
        maximo.start()
        running.append(maximo)
        return maximo

    yield start_one
    for maximo in running:
        maximo.stop()


@pytest.fixture
def maximo(start):
    return start()


@pytest.fixture
def connect():
    """Makes a connector for a simulated Maximo."""

    def connect_one(maximo, **changes):
        settings = MaximoSettings(
            maximo.url, lambda: "demo-key", maximo.settings.site, connect_s=5, read_s=5, total_s=10
        )
        return Maximo(replace(settings, **changes))

    return connect_one


@pytest.fixture
def order():
    return Order(
        key="A2B3C4D5E6F7G2H3J4K5",
        asset="PUMP-7",
        failure_mode="outer race",
        title="Pump 7 drive end bearing: outer race indication, +12 dB in 6 days",
        text="Heard since Monday.\n107.4 Hz = 3.58 x 29.95 Hz, 4 harmonics, p < 1e-6",
        severity="critical",
        reported_at="2026-11-24T11:59:00+00:00",
    )
