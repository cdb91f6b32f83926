"""The gateway killed in the middle of an order: exactly one order stands in the end, whatever Maximo did."""

from contextlib import ExitStack

import numpy as np
import pytest
import soundfile

from analytics.synthesis.streams import MachineSound
from connectors.simulated.maximo import Asset, Fault, SimulatedMaximo, SimulatedMaximoSettings
from gateway.store.read import Reader
from tests.plant.running import RunningGateway, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

RATE, RPM = 16_000, 1480.0
HEALTHY_S, WHOLE_S = 12.0, 40.0
PACE = 3.0
CREATE = {"method": "POST", "path": "os/MXAPIWODETAIL"}
#: what each Maximo does with the first order
HABITS = {
    "answers": None,
    "hangs": Fault("hang", commits=True, **CREATE),
    "drops": Fault("reset", commits=True, **CREATE),
}

STATION = """
[cmms.{name}]
kind = "maximo"
url = "{url}"
key = "${{WHEELTAPPER_TEST_KEY}}"
site = "BEDFORD"
[[station]]
name = "{name}"
source = {{ kind = "recording", path = "pump.flac", play = "stream", pace = {pace}, rate = {rate} }}
[station.machine]
asset = "{name}"
bearings = [{{ name = "drive end", type = "6205" }}]
rpm = {rpm}
learn = "10 s"
diagnose_every = "2500 ms"
diagnose_over = "5 s"
persist = [2, 3]
orders = "{name}"
"""


def write_pump(path):
    """A pump whose outer race begins to fail after a while, as one recording."""
    sound = MachineSound("pump", 7, RATE, RPM, HEALTHY_S)
    blocks = [sound.block(start, RATE) for start in range(0, round(WHOLE_S * RATE), RATE)]
    soundfile.write(path, np.concatenate(blocks), RATE, subtype="PCM_16")


def creations(maximo):
    return [seen for seen in maximo.seen if seen.method == "POST" and CREATE["path"] in seen.target]


async def test_a_gateway_killed_in_the_middle_of_an_order_leaves_exactly_one_order(tmp_path):
    write_pump(tmp_path / "pump.flac")
    with ExitStack() as stack:
        maximos = {name: SimulatedMaximo(SimulatedMaximoSettings(assets=(Asset(name, name),))) for name in HABITS}
        for name, maximo in maximos.items():
            stack.enter_context(maximo)
            if HABITS[name] is not None:
                maximo.faults.add(HABITS[name])
        site = tmp_path / "pumps.toml"
        stations = [
            STATION.format(name=name, url=maximo.url, pace=PACE, rate=RATE, rpm=RPM) for name, maximo in maximos.items()
        ]
        site.write_text('[line]\nname = "Pumps"\n' + "".join(stations), encoding="utf-8")
        gateway = RunningGateway(site, ("tests.plant.impatient",), {"WHEELTAPPER_TEST_KEY": "demo-key"})
        try:
            await gateway.start()
            await until(lambda: all(creations(maximo) for maximo in maximos.values()), "every Maximo was asked")
            await gateway.kill_all()
            fates = {order.asset: order.fate for order in shown(site)}
            assert fates.keys() == HABITS.keys(), "an incident is lost"
            assert fates["hangs"] != "stands", "it was not killed in the middle"
            await gateway.start()
            await until(lambda: all(order.fate == "stands" for order in shown(site)), "every order is settled")
        finally:
            await gateway.stop()
        for name, maximo in maximos.items():
            (order,) = maximo.orders
            (incident,) = [one for one in shown(site) if one.asset == name]
            assert (incident.number, incident.failure_mode) == (order.number, "outer race")


def shown(site):
    with Reader(site.parent / "data") as reader:
        return reader.orders(100)
