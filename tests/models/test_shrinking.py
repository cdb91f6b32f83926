import numpy as np
import onnx
import pytest

from models import shrinking
from models.embedding import OnnxEmbedding
from models.model_card import ModelError
from models.pruning import pruned
from models.quantising import quantised
from models.shrinking import FEWEST, Comparison, compare, nearest, shrink
from tests.models.networks import RATE, WINDOW, a_card, a_network, put


def sounds(count=FEWEST, unlike=1.0):
    """Noises of different colours; the less `unlike`, the closer together."""
    chance = np.random.default_rng(0)
    frequency = np.fft.rfftfreq(WINDOW)
    made = []
    for _ in range(count):
        tilt = np.interp(frequency, np.linspace(0, 0.5, 8), unlike * chance.normal(0, 1.5, 8))
        made.append((np.fft.irfft(np.exp(tilt) * np.fft.rfft(chance.normal(size=WINDOW))).astype(np.float32), RATE))
    return made


def at_times(monkeypatch, before, after):
    monkeypatch.setattr(shrinking, "_times", lambda *_: (before, after))


def test_a_model_beside_itself_is_the_same_and_gains_nothing(tmp_path, monkeypatch):
    at_times(monkeypatch, 100.0, 100.0)
    one = OnnxEmbedding(put(tmp_path, a_network()))

    found = compare(one, one, sounds())

    assert (found.error, found.same) == (0.0, 1.0)
    assert found.faults == ["100 us instead of 100 us, wanted 10% less"]


def test_channels_that_carry_nothing_are_pruned_without_any_error(tmp_path, monkeypatch):
    at_times(monkeypatch, 100.0, 60.0)
    content = a_network(useless=8)
    original = OnnxEmbedding(put(tmp_path, content))

    found = shrink(
        original, tmp_path, "pruned", sounds(), lambda model, card, shaped: pruned(model, card, shaped, 0.25)
    )

    # the bias of a useless channel ends at the zeros of the border; its mean stands in for it everywhere
    assert found.faults == []
    smaller = OnnxEmbedding(tmp_path / "mine-pruned" / "mine-pruned.json")
    assert found.after_bytes < found.before_bytes
    assert smaller.card.credit == "nobody; changed: pruned"
    assert original.sha256 in smaller.card.source
    kernels = {one.name: one.dims for one in onnx.load_from_string(smaller.path.read_bytes()).graph.initializer}
    assert list(kernels["k0"]) == [24, 1, 3, 3]
    assert list(kernels["k1"]) == [48, 24, 3, 3]


def test_what_hears_otherwise_is_refused_with_the_figures_and_not_written(tmp_path, monkeypatch):
    at_times(monkeypatch, 100.0, 50.0)
    original = OnnxEmbedding(put(tmp_path, a_network()))

    found = shrink(original, tmp_path, "pruned", sounds(), lambda model, card, shaped: pruned(model, card, shaped, 0.9))

    assert found.error > 0.1
    assert "of the distances between these recordings, wanted 10%" in found.faults[0]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine"]


def test_int8_is_a_quarter_of_the_file(tmp_path, monkeypatch):
    at_times(monkeypatch, 100.0, 50.0)
    original = OnnxEmbedding(put(tmp_path, a_network()))

    found = shrink(original, tmp_path, "int8", sounds(), quantised)

    assert found.after_bytes < 0.45 * found.before_bytes
    assert found.error < 0.3


def test_the_same_rounding_counts_for_more_where_sounds_lie_close(tmp_path, monkeypatch):
    at_times(monkeypatch, 100.0, 50.0)
    original = OnnxEmbedding(put(tmp_path, a_network()))

    far, near = (shrink(original, tmp_path, "int8", sounds(unlike=one), quantised) for one in (1.0, 0.0))

    assert near.error > far.error


def test_too_few_recordings_are_said(tmp_path):
    with pytest.raises(ModelError, match=f"19 recordings, wanted {FEWEST}"):
        shrink(OnnxEmbedding(put(tmp_path, a_network())), tmp_path, "int8", sounds(19), quantised)


def test_a_network_without_two_convolutions_in_a_row_cannot_be_pruned():
    content = a_network(channels=(1, 8))

    with pytest.raises(ModelError, match="no two plain convolutions in a row"):
        pruned(content, a_card(content), [], 0.5)


def test_the_nearest_is_never_oneself():
    assert nearest(np.array([[0.0], [1.0], [1.5], [9.0]])).tolist() == [1, 2, 1, 2]


def test_every_fault_is_named_with_what_was_found_and_wanted():
    faults = Comparison(0.2, 0.5, 100.0, 95.0, 4, 1).faults

    assert len(faults) == 3
    assert "20.0% of the distances" in faults[0]
    assert "50% of them, wanted 95%" in faults[1]
    assert "95 us instead of 100 us" in faults[2]
