"""Bearing diagnosis: simulated faults of known kind, healthy machines, and everything it must not say."""

from pathlib import Path

import numpy as np
import pytest

from analytics.diagnosis.bearings import Orders, lookup
from analytics.diagnosis.joint import diagnose
from analytics.diagnosis.result import NONE, UNDECIDED

RATE = 16_000
BEARING = lookup("6205")
CWRU = Path(__file__).parents[3] / "../shared/data/cwru"
SKF_6205 = Orders(9, 3.5848, 5.4152, 2.357, 0.39828)


def machine(order=None, seconds=8.0, shaft_hz=24.7, modulated_by=0.0, strength=4.0, seed=1):
    """A running machine, with impacts at `order` ringing at 4 kHz where one is given."""
    chance = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    turn = 2 * np.pi * shaft_hz * t
    x = chance.standard_normal(len(t)) * (1 + 0.2 * np.cos(turn)) + sum(np.cos(k * turn + k) for k in (1, 2, 3))
    if order is None:
        return x
    rate = order * shaft_hz
    count = int(seconds * rate) + 1
    at = np.cumsum(1 + 0.005 * chance.standard_normal(count)) / rate
    train = np.zeros(len(t))
    index = np.round(at * RATE).astype(int)
    inside = index < len(t)
    np.add.at(train, index[inside], 1 + 0.8 * np.cos(2 * np.pi * modulated_by * shaft_hz * at[inside]))
    ring = np.exp(-np.arange(80) / 20) * np.sin(2 * np.pi * 4000 * np.arange(80) / RATE)
    return x + strength * np.convolve(train, ring)[: len(t)]


@pytest.mark.parametrize(
    ("name", "fault", "order", "modulated_by"),
    [
        ("outer race", "BPFO", BEARING.bpfo, 0.0),
        ("inner race", "BPFI", BEARING.bpfi, 1.0),
        ("rolling element", "BSF", 2 * BEARING.bsf, BEARING.ftf),
    ],
)
def test_a_fault_is_named_with_speed_slip_and_lines(name, fault, order, modulated_by):
    slip = -0.01 if fault == "BPFO" else 0.005
    x = machine(order * (1 + slip), modulated_by=modulated_by)

    found = diagnose(x, RATE, 1490.0, 0.02, BEARING)

    assert (found.name, found.fault) == (name, fault)
    assert found.called
    assert not found.abstained
    assert found.rpm == pytest.approx(24.7 * 60, rel=0.003)
    assert found.slip == pytest.approx(slip, abs=0.004)
    assert found.lines[0].fault == fault
    assert found.lines[0].frequency_hz == pytest.approx(order * (1 + slip) * 24.7, rel=0.003)
    assert min(found.lines[0].harmonics_snr_db) > 10
    assert f"{found.lines[0].frequency_hz:.1f} Hz" in found.reason
    assert set(found.scores) == {"outer race", "inner race", "rolling element"}


def test_a_healthy_machine_heard_long_enough_has_none():
    found = diagnose(machine(), RATE, 1482.0, 0.02, BEARING)

    assert (found.name, found.fault) == (NONE, None)
    assert "198 turns" in found.reason


def test_a_healthy_machine_heard_too_short_is_undecided():
    found = diagnose(machine(seconds=3.0), RATE, 1482.0, 0.02, BEARING)

    assert found.name == UNDECIDED
    assert "74 turns heard, 120 wanted" in found.reason


def test_a_wrong_speed_is_contradicted_with_the_right_one():
    """The comb of an inner race fits the order of a ball where the speed is 15 % wrong."""
    found = diagnose(machine(BEARING.bpfi, modulated_by=1.0), RATE, 1482.0 * 1.149, 0.02, BEARING)

    assert found.name == UNDECIDED
    assert "the record shows 1479 rpm, not the 1703 rpm it was given" in found.reason


def test_the_comb_of_an_outer_race_is_not_taken_for_another_speed():
    """A third of its carrier is 1.195 times the shaft, which nothing else in this record shows."""
    x = machine(BEARING.bpfo) - machine() + np.random.default_rng(9).standard_normal(8 * RATE)

    assert diagnose(x, RATE, 1482.0, 0.02, BEARING).name == "outer race"


def test_a_nominal_speed_has_to_be_confirmed_by_the_record():
    named = diagnose(machine(BEARING.bpfo), RATE, 1482.0 * 1.05, 0.08, BEARING)
    assert named.name == "outer race"
    assert named.rpm == pytest.approx(1482, rel=0.004)

    without_shaft = machine(BEARING.bpfo, shaft_hz=24.7) - machine()
    without_shaft += np.random.default_rng(9).standard_normal(len(without_shaft))
    found = diagnose(without_shaft, RATE, 1482.0 * 1.03, 0.08, BEARING)
    assert found.name == UNDECIDED
    assert "speed" in found.reason


def test_a_comb_of_no_known_order_is_called_an_unknown_source():
    found = diagnose(machine(4.28), RATE, 1482.0, 0.02, BEARING)

    assert found.name == UNDECIDED
    assert "order 4.28" in found.reason or "order 8.56" in found.reason


def test_a_line_on_twice_the_mains_names_nothing():
    shaft_hz = 100.0 / BEARING.bpfo

    found = diagnose(machine(BEARING.bpfo, shaft_hz=shaft_hz), RATE, shaft_hz * 60, 0.02, BEARING)

    assert found.name == UNDECIDED
    assert "100 Hz, a multiple of twice the mains" in found.reason


def test_lines_that_repeat_exactly_are_neither_a_fault_nor_none():
    """Whitening takes them for the machine's own tones; nothing in a bearing repeats to the sample."""
    x = machine(seconds=6.0)
    period = round(RATE / (BEARING.bpfi * 24.7))
    ring = 5 * np.exp(-np.arange(80) / 20) * np.sin(2 * np.pi * 4000 * np.arange(80) / RATE)
    for start in range(0, len(x) - 80, period):
        x[start : start + 80] += ring

    found = diagnose(x, RATE, 1482.0, 0.02, BEARING)

    assert found.name == UNDECIDED
    assert "inner race order" in found.reason
    assert "only before whitening" in found.reason
    assert found.envelope == "plain"


def test_digital_silence_and_a_constant_are_not_called():
    for x in (np.zeros(8 * RATE), np.full(8 * RATE, 0.3)):
        assert not diagnose(x, RATE, 1482.0, 0.02, BEARING).called


def test_what_cannot_be_analysed_is_refused():
    with pytest.raises(ValueError, match="envelope: found"):
        diagnose(np.full(8 * RATE, np.inf), RATE, 1482.0, 0.02, BEARING)
    with pytest.raises(ValueError, match="four turns"):
        diagnose(np.zeros(100), RATE, 1482.0, 0.02, BEARING)


def test_the_input_is_left_as_it_was():
    x = machine(BEARING.bpfo)
    before = x.copy()

    diagnose(x, RATE, 1482.0, 0.02, BEARING)

    assert np.array_equal(x, before)


@pytest.mark.parametrize(
    ("record", "name"), [("105", "inner race"), ("130", "outer race"), ("97", None), ("119", None)]
)
def test_records_of_case_western_reserve_university(record, name):
    """105 inner race, 130 outer race, 97 healthy, 119 a ball that no published method diagnoses."""
    path = CWRU / f"{record}.npz"
    if not path.exists():
        pytest.skip(f"no record at {path.resolve()}")
    with np.load(path, allow_pickle=False) as z:
        x, rate, rpm = z["x"][0] * z["scale"][0], float(z["fs"]), float(z["rpm"])

    found = diagnose(x, rate, rpm, 0.02, SKF_6205)

    assert found.name == name if name else not found.called
