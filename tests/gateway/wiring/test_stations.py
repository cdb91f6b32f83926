from pathlib import Path

import pytest

from config.load import SiteError
from gateway.wiring.build import load_site
from gateway.wiring.plc import plain_tags
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


MACHINES = sorted((Path(__file__).parents[3] / "config" / "examples" / "machines").glob("*.toml"))


@pytest.mark.parametrize("file", MACHINES, ids=lambda file: file.stem)
def test_every_example_of_a_machine_is_a_site_file_without_a_fault(file):
    ((plan,),) = [worker.stations for worker in worker_plans(load_site(file))]

    assert plan.machine.indicators
    assert plan.machine.always == (plan.machine.rpm is None)


def with_indicator(indicator, rpm="rpm = 1480"):
    return SITE.replace("rpm = 1480", f"{rpm}\nindicators = [{indicator}]")


def test_an_indicator_gets_the_tolerance_of_its_kind(tmp_path):
    text = with_indicator(
        '{ name = "a", mode = "gear", order = 23 }, { name = "b", mode = "other", hz = 100 }, '
        '{ name = "c", mode = "other", hz = 100, tolerance = 0.01 }'
    )

    found = worker_plans(loaded(tmp_path, text))[0].stations[0].machine.indicators

    assert [one.tolerance for one in found] == [0.02, 0.005, 0.01]


@pytest.mark.parametrize(
    ("indicator", "where", "words"),
    [
        ('{ name = "x", mode = "other" }', "indicators[0]", "neither band_hz nor a line"),
        ('{ name = "x", mode = "other", hz = 5, order = 2 }', "indicators[0]", "wanted one of them"),
        ('{ name = "x", mode = "other", band_hz = [20, 10] }', "indicators[0]", "wanted low below high"),
        ('{ name = "x", mode = "rust", hz = 5 }', "indicators[0].mode", "rust"),
        ('{ name = "x", mode = "other", band_hz = [20000, 40000] }', "indicators[0]", "ends at 24000 Hz"),
        ('{ name = "x", mode = "other", hz = 9000, multiples = 3 }', "indicators[0]", "found 27000 Hz"),
        ('{ name = "x", mode = "other", hz = 5 }, { name = "x", mode = "other", hz = 6 }', "indicators", "'x' twice"),
    ],
)
def test_an_indicator_that_cannot_be_is_a_fault_of_the_site_file(tmp_path, indicator, where, words):
    with pytest.raises(SiteError) as raised:
        loaded(tmp_path, with_indicator(indicator))

    (fault,) = raised.value.faults
    assert fault.where == f"station[0].machine.{where}"
    assert words in fault.sentence


def test_an_order_without_a_speed_is_a_fault_of_the_site_file(tmp_path):
    text = with_indicator('{ name = "x", mode = "gear", order = 2 }', "").replace("bearings", "# bearings")

    with pytest.raises(SiteError, match="a multiple of a speed nobody tells"):
        loaded(tmp_path, text)


PLC = """
[plc.main]
kind = "modbus"
host = "10.0.0.1"
"""


def test_covariates_are_read_beside_speed_and_told_to_their_station(tmp_path):
    tag = '{ name = "load", plc = "main", address = 7, type = "float" }'
    site = loaded(tmp_path, PLC + SITE.replace("rpm = 1480", f"rpm = 1480\ncovariates = [{tag}]"))

    assert dict(plain_tags(site, "main")) == {"a.covariate.load": site.station[0].machine.covariates[0]}
    assert worker_plans(site)[0].stations[0].machine.covariates == ("load",)


@pytest.mark.parametrize(
    ("tag", "where"),
    [
        ('{ name = "load", plc = "main" }', "covariates[0].address"),
        ('{ name = "load", plc = "mein", address = 7 }', "covariates[0].plc"),
    ],
)
def test_a_covariate_that_cannot_be_read_is_a_fault_of_the_site_file(tmp_path, tag, where):
    with pytest.raises(SiteError) as raised:
        loaded(tmp_path, PLC + SITE.replace("rpm = 1480", f"rpm = 1480\ncovariates = [{tag}]"))

    assert [fault.where for fault in raised.value.faults] == [f"station[0].machine.{where}"]


HALL = """
[line]
name = "Line"
[plc.main]
kind = "modbus"
host = "10.0.0.1"
[[station]]
name = "a"
source = { kind = "recording", path = "hall.flac", play = "stream", rate = 16000, channel = 1 }
ambient = { kind = "recording", path = "hall.flac", play = "stream", rate = 16000, channel = 2 }
[station.machine]
asset = "A"
runs = { plc = "main", address = 7, type = "bool" }
learn_hall = "60 s"
"""


def test_a_machine_whose_hall_is_taken_out_hears_both_channels_of_one_source(tmp_path):
    (plan,) = worker_plans(loaded(tmp_path, HALL))
    assert [source.channels for source in plan.sources] == [2]
    (station,) = plan.stations
    assert (station.source, station.channel, station.ambient_source, station.ambient_channel) == (0, 0, 0, 1)
    assert station.machine.learn_hall_s == 60.0


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ("runs = ", "# ", "needs machine.runs"),
        ("ambient = ", "# ", "another channel"),
        ("channel = 2", "channel = 1", "another channel"),
        (
            'hall.flac", play = "stream", rate = 16000, channel = 2',
            'b.flac", rate = 16000, channel = 2',
            "another channel",
        ),
        ('"60 s"', '"5 s"', "10"),
    ],
)
def test_a_hall_that_cannot_be_taken_out_is_a_fault_of_the_site_file(tmp_path, found, wanted, words):
    with pytest.raises(SiteError, match=words):
        loaded(tmp_path, HALL.replace(found, wanted))


ARRAY = """
[line]
name = "Line"
[[station]]
name = "a"
source = { kind = "microphone", device = "Scarlett", rate = 48000 }
[station.array]
channels = [1, 2, 4]
delays_ms = [0.2, 0.1, 0.3]
[station.machine]
asset = "A"
rpm = 1480
"""
PLACES = "positions = [[0, 0, 0], [0.3432, 0, 0], [0.6864, 0, 0]]\npoint = [-1, 0, 0]"


@pytest.mark.parametrize(
    ("text", "delays"), [(ARRAY, (0.1, 0.0, 0.2)), (ARRAY.replace("delays_ms = [0.2, 0.1, 0.3]", PLACES), (0, 1, 2))]
)
def test_an_array_opens_all_its_channels_and_is_told_to_ear_and_machine(tmp_path, text, delays):
    (plan,) = worker_plans(loaded(tmp_path, text))
    (station,) = plan.stations
    assert plan.sources[0].channels == 4
    assert station.beam.channels == (1, 2, 4)
    assert station.beam.delays_ms == pytest.approx(delays, abs=1e-4)
    assert station.machine.beam == station.beam


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ("[0.2, 0.1, 0.3]", "[0.2, 0.1]", "3 channels and 2 places or delays"),
        ("[0.2, 0.1, 0.3]", "[0.2, 0.1, 60]", "50"),
        ("delays_ms", "# delays_ms", "wanted positions and point, or delays_ms"),
        ("delays_ms = [0.2, 0.1, 0.3]", "positions = [[0, 0, 0], [1, 0, 0], [2, 0, 0]]", "wanted positions and point"),
        ("[1, 2, 4]", "[1, 2, 2]", "wanted each once"),
        ("[1, 2, 4]", "[1]", "wanted at least 2"),
    ],
)
def test_an_array_that_cannot_be_is_a_fault_of_the_site_file(tmp_path, found, wanted, words):
    with pytest.raises(SiteError, match=words):
        loaded(tmp_path, ARRAY.replace(found, wanted))
