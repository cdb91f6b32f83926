"""Simulated Maximos, and somebody who speaks to them."""

from dataclasses import replace

import pytest

from connectors.simulated.maximo import SimulatedMaximo, SimulatedMaximoSettings
from tests.connectors.simulated.maximo_client import Client, Wall


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def start(wall):
    running = []

    def start_one(**changes):
        maximo = SimulatedMaximo(replace(SimulatedMaximoSettings(), **changes), wall)
        maximo.start()
        running.append(maximo)
        return Client(maximo)

    yield start_one
    for maximo in running:
        maximo.stop()


@pytest.fixture
def call(start):
    return start()
