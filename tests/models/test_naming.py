import numpy as np

from models.naming import learn_prototypes, named_when_left_out
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


def test_names_are_counted_on_examples_left_out():
    shots = {"crack": rows(8, 1, 0), "rattle": rows(1, 2, 3)}

    assert named_when_left_out(rows(100, 0), shots, fit_mahalanobis) == {"crack": 8, "rattle": 0}
