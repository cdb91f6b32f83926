import numpy as np

from analytics.few_shot.certainty import FEWEST
from models.naming import Shots, learn_names, learn_prototypes, shots_of
from models.taught import Heard, TaughtRows
from models.teach import fit_mahalanobis

D = 20


def rows(n, seed, shift=None):
    made = np.random.default_rng(seed).normal(size=(n, D)) * np.linspace(0.5, 5, D)
    if shift is not None:
        made[:, shift] += 12
    return made.astype(np.float32)


def test_fresh_examples_get_their_name_and_strangers_none():
    learned = learn_prototypes(rows(100, 0), {"crack": rows(8, 1, 0), "rattle": rows(8, 2, 3)}, fit_mahalanobis)

    assert [learned.name(row) for row in rows(20, 3, 0)] == ["crack"] * 20
    assert [learned.name(row) for row in rows(20, 4, 3)] == ["rattle"] * 20
    assert [learned.name(row) for row in rows(20, 5, 1)] == ["unknown"] * 20


def test_one_example_is_enough_for_a_name():
    learned = learn_prototypes(rows(100, 0), {"crack": rows(1, 1, 0)}, fit_mahalanobis)

    assert sum(learned.name(row) == "crack" for row in rows(50, 3, 0)) >= 45


def shots(n, seed, shift, groups=None):
    return Shots(rows(n, seed, shift), tuple(f"{shift}/{i}.wav" for i in range(n)), groups or ("",) * n)


def test_names_are_counted_on_examples_left_out():
    taught = {"crack": shots(8, 1, 0), "rattle": shots(1, 2, 3)}

    assert learn_names(rows(100, 0), taught, fit_mahalanobis)[1] == {"crack": 8, "rattle": 0}


def test_a_name_comes_with_how_sure_it_is_and_the_examples_it_is_like():
    taught = {"crack": shots(8, 1, 0), "rattle": shots(8, 2, 3)}
    learned, _ = learn_names(rows(100, 0), taught, fit_mahalanobis)
    named = learned.recognise(rows(1, 3, 0)[0])

    assert named.name == "crack"
    assert 0.6 < named.confidence <= learned.certainty.most
    assert [near.defect for near in named.nearest] == ["crack"] * 3
    assert {near.recording for near in named.nearest} <= set(taught["crack"].recordings)
    assert 0.5 < named.nearest[0].distance <= named.nearest[2].distance < 2


def test_a_taught_example_is_nearest_to_itself():
    taught = {"crack": shots(8, 1, 0), "rattle": shots(8, 2, 3)}
    learned, _ = learn_names(rows(100, 0), taught, fit_mahalanobis)
    first = learned.recognise(taught["rattle"].rows[4]).nearest[0]

    assert (first.recording, first.defect) == ("3/4.wav", "rattle")
    assert first.distance < 1e-4


def test_between_two_defects_one_is_less_sure():
    taught = {"crack": shots(8, 1, 0), "rattle": shots(8, 2, 0)}
    apart, _ = learn_names(rows(100, 0), {**taught, "rattle": shots(8, 2, 3)}, fit_mahalanobis)
    alike, _ = learn_names(rows(100, 0), taught, fit_mahalanobis)  # one defect under two names
    part = rows(1, 3, 0)[0]

    assert alike.recognise(part).confidence < apart.recognise(part).confidence - 0.2


def test_of_too_few_examples_nothing_is_said_of_how_sure_a_name_is():
    learned, _ = learn_names(rows(100, 0), {"crack": shots(FEWEST - 1, 1, 0)}, fit_mahalanobis)

    assert learned.certainty is None
    assert learned.recognise(rows(1, 3, 0)[0]).confidence is None


def test_a_take_is_left_out_as_a_whole():
    copies = [np.repeat(rows(1, seed), 3, axis=0) + np.float32(0.01) * rows(3, seed + 1) for seed in (1, 5)]
    copies[1][:, 1] += 40  # the other take of the same defect sounds otherwise
    both, names = np.concatenate(copies), tuple(f"{i}.wav" for i in range(6))
    one_take = Shots(both, names, ("",) * 6)
    two_takes = Shots(both, names, ("monday",) * 3 + ("tuesday",) * 3)
    (one, _), (two, _) = (
        learn_names(rows(100, 0), {"crack": taken}, fit_mahalanobis) for taken in (one_take, two_takes)
    )

    assert two.limits[0] > 1.3 * one.limits[0]  # a third take may lie as far from these two as they from each other


def test_examples_are_gathered_by_defect():
    heard = tuple(
        Heard(f"{i}.wav", f"{i:064d}", "late", defect) for i, defect in enumerate(["", "crack", "", "bent", "crack"])
    )
    found = shots_of(TaughtRows(rows(5, 0), None, heard))

    assert {name: one.recordings for name, one in found.items()} == {
        "bent": ("3.wav",), "crack": ("1.wav", "4.wav"),
    }  # fmt: skip
    assert np.array_equal(found["crack"].rows, rows(5, 0)[[1, 4]])
    assert found["bent"].groups == ("late",)
