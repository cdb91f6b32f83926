import pytest

from config.load import SiteError
from gateway.wiring.build import load_site
from gateway.wiring.stations import FILES, worker_plans

SITE = """
[line]
name = "Line"

[[station]]
name = "a"
source = { kind = "microphone", device = "Scarlett", channel = 3 }
[station.machine]
asset = "A"
rpm = 1480
bearings = [{ name = "drive end", type = "6205" }]

[[station]]
name = "b"
source = { kind = "microphone", device = "Scarlett", channel = 1 }
ambient = { kind = "microphone", device = "Other", channel = 2 }
[station.machine]
asset = "B"

[[station]]
name = "c"
source = { kind = "simulated", sound = "pump" }
[station.machine]
asset = "C"
"""


def loaded(tmp_path, text=SITE):
    file = tmp_path / "line.toml"
    file.write_text(text)
    return load_site(file)


def test_one_worker_a_device_and_one_for_all_that_is_no_device(tmp_path):
    plans = {plan.name: plan for plan in worker_plans(loaded(tmp_path))}
    assert set(plans) == {"worker-Scarlett", FILES}
    scarlett = plans["worker-Scarlett"]
    assert [(s.kind, s.channels) for s in scarlett.sources] == [("microphone", 3), ("microphone", 2)]
    a, b = scarlett.stations
    assert (a.source, a.channel) == (0, 2)
    assert (b.source, b.channel, b.ambient_source, b.ambient_channel) == (0, 0, 1, 1)


def test_a_bearing_by_type_gets_its_orders(tmp_path):
    (bearing,) = worker_plans(loaded(tmp_path))[0].stations[0].machine.bearings
    assert (bearing.elements, bearing.bpfo) == (9, pytest.approx(3.585, abs=0.005))


@pytest.mark.parametrize(
    ("bearing", "where"),
    [
        ('{ name = "x", type = "62O5" }', "type"),
        ('{ name = "x", orders = { BPFO = 3.0, BPFI = 5.0 } }', "orders"),
        ('{ name = "x", orders = { BPFO = 3.0, BPFI = 5.0, BSF = 2.0, FTF = 0.7 } }', "orders"),
    ],
)
def test_a_bearing_that_cannot_be_is_a_fault_of_the_site_file(tmp_path, bearing, where):
    with pytest.raises(SiteError) as raised:
        loaded(tmp_path, SITE.replace('{ name = "drive end", type = "6205" }', bearing))
    (fault,) = raised.value.faults
    assert fault.where == f"station[0].machine.bearings[0].{where}"
