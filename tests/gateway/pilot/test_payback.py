from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.decision.proportions import Share, share_of
from gateway.pilot.payback import INPUTS, Costs, CostsError, payback_of, read_costs

PLAIN = [
    "parts_per_year=1000000", "defect_rate=0.01", "missed_today=0.1", "cost_missed=50", "cost_false_reject=0.5",
    "running_cost=5000", "one_off=20000", "currency=EUR",
]  # fmt: skip


def exactly(rate):
    return Share(round(1000 * rate), 1000, 1000, rate, rate)


def seen(missed=0.02, rejects=0.001, undecided=0.0):
    return {"missed": exactly(missed), "false_rejects": exactly(rejects), "not_decided": exactly(undecided)}


def test_a_year_is_what_the_formula_says():
    found = payback_of(read_costs(None, PLAIN), seen())

    worth = 10_000 * (0.1 - 0.02) * 50 - 990_000 * 0.001 * 0.5 - 5000
    assert found.net.mid == pytest.approx(worth)
    assert found.net.low == found.net.high == pytest.approx(worth)
    assert found.months[1] == pytest.approx(12 * 20_000 / worth)
    assert found.swings == ()


def test_a_station_that_misses_more_than_today_never_pays():
    found = payback_of(read_costs(None, PLAIN), seen(missed=0.3))
    assert found.net.mid < 0
    assert found.months == (None, None, None)


def test_the_bounds_of_what_was_seen_widen_the_year():
    rates = {**seen(), "missed": share_of([True] + [False] * 49)}
    found = payback_of(read_costs(None, PLAIN), rates)
    assert found.net.low < found.net.mid < found.net.high
    assert [swing.name for swing in found.swings] == ["missed"]
    assert found.swings[0].at_low > found.swings[0].at_high


bands = st.tuples(*[st.floats(0, 1)] * 3).map(sorted)


@given(st.fixed_dictionaries(dict.fromkeys(INPUTS, bands)), st.integers(0, 2**32 - 1))
def test_no_mixture_of_inputs_leaves_the_band(given_bands, seed):
    costs = read_costs(None, [f"{name}={','.join(map(repr, band))}" for name, band in given_bands.items()])
    found = payback_of(costs, {**seen(), "missed": share_of([True, False, False])})

    from gateway.pilot.payback import net_of

    draw = np.random.default_rng(seed)
    mixed = {name: draw.uniform(band.low, band.high, 50) for name, band in found.inputs.items()}
    nets = net_of(mixed)
    assert (nets >= found.net.low - 1e-9).all()
    assert (nets <= found.net.high + 1e-9).all()


def test_costs_from_a_file_and_words_that_win(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text(
        "currency = 'EUR'\nparts_per_year = 1000\ndefect_rate = [0.01, 0.02, 0.03]\nmissed_today = 0.1\n"
        "cost_missed = 5\ncost_false_reject = 1\none_off = 100\n"
    )
    costs = read_costs(path, ["cost_missed=1,2,3"])
    assert (costs.currency, costs.bands["defect_rate"].mid, costs.bands["cost_missed"].high) == ("EUR", 0.02, 3)
    assert read_costs(None, []) is None


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("cost_mist=3", "cost_mist: no such cost; wanted one of parts_per_year"),
        ("defect_rate=2", "wanted one or three shares between 0 and 1"),
        ("cost_missed=3,2,1", "low, middle, high in this order"),
        ("cost_missed=1,2", "low, middle, high in this order"),
        ("cost_missed=nan", "low, middle, high in this order"),
        ("cost_missed=much", "wanted one number or three"),
    ],
)
def test_a_cost_that_cannot_be_is_refused(word, sentence):
    with pytest.raises(CostsError) as fault:
        read_costs(None, [*PLAIN, word])
    assert sentence in str(fault.value)


def test_missing_costs_are_named_all_at_once(tmp_path):
    with pytest.raises(CostsError) as fault:
        read_costs(None, ["parts_per_year=5"])
    assert "defect_rate: missing" in str(fault.value)
    assert "one_off: missing" in str(fault.value)
    path = tmp_path / "costs.toml"
    path.write_text("= 3")
    with pytest.raises(CostsError, match="is no TOML"):
        read_costs(path, [])
    with pytest.raises(CostsError, match="cannot be read"):
        read_costs(tmp_path / "gone.toml", [])


def test_nothing_of_the_plant_is_made_up():
    assert isinstance(read_costs(None, PLAIN), Costs)
    assert {name for name, (_, default) in INPUTS.items() if default} == set()


def test_the_costs_that_the_document_shows_are_read(tmp_path):
    document = (Path(__file__).parents[3] / "docs" / "pilot.md").read_text(encoding="utf-8")
    path = tmp_path / "costs.toml"
    path.write_text(next(block for block in document.split("```")[1::2] if "currency" in block))
    assert read_costs(path, []).currency == "EUR"
    assert all(f"`{name}`" in document or f"{name} = " in document for name in INPUTS)
