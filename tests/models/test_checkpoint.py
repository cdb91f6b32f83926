import io
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from models.checkpoint import read_weights
from models.model_card import ModelError


class Storage:
    """What PyTorch's pickle names: a storage by its key, and the function that makes a tensor of it."""

    def __init__(self, key, count):
        self.pid = ("storage", Named("torch", "FloatStorage"), key, "cpu", count)


class Named:
    def __init__(self, module, name):
        self.text = f"c{module}\n{name}\n".encode()


class Tensor:
    def __init__(self, key, values, offset, size, stride):
        self.values, self.parts = values, (Storage(key, len(values)), offset, size, stride)


class Writer(pickle._Pickler):  # the one in Python: only it lets a test write names that are not importable
    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, Storage) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Named):
            self.write(thing.text)
        elif isinstance(thing, Tensor):
            self.write(b"ctorch._utils\n_rebuild_tensor_v2\n")
            super().save((*thing.parts, False, OrderedDict()))
            self.write(b"R")
        else:
            super().save(thing, save_persistent_id)


def a_checkpoint(thing, tensors=()):
    packed, pickled = io.BytesIO(), io.BytesIO()
    Writer(pickled, 2).dump(thing)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", pickled.getvalue())
        for key, values in tensors:
            archive.writestr(f"archive/data/{key}", np.asarray(values, "<f4").tobytes())
    return packed.getvalue()


def test_tensors_come_by_their_names_whatever_stands_beside_them():
    values = np.arange(12, dtype=np.float32)
    tensor = Tensor("0", values, 2, (2, 3), (3, 1))

    weights = read_weights(a_checkpoint((OrderedDict(kernel=tensor, version=3), {"sets": 9}), [("0", values)]))

    assert list(weights) == ["kernel"]
    np.testing.assert_array_equal(weights["kernel"], [[2, 3, 4], [5, 6, 7]])


def test_a_transposed_tensor_is_read_by_its_strides():
    values = np.arange(6, dtype=np.float32)

    weights = read_weights(a_checkpoint(OrderedDict(w=Tensor("0", values, 0, (3, 2), (1, 3))), [("0", values)]))

    np.testing.assert_array_equal(weights["w"], values.reshape(2, 3).T)


@pytest.mark.parametrize("size", [(13,), (2, 7), (0,)])
def test_a_tensor_beyond_its_numbers_is_refused(size):
    stride = (7, 1)[-len(size) :]
    tensor = Tensor("0", np.zeros(12, np.float32), 0, size, stride)

    with pytest.raises(ModelError, match="reaches beyond"):
        read_weights(a_checkpoint(OrderedDict(w=tensor), [("0", np.zeros(12))]))


def test_a_pickle_that_would_run_something_is_refused():
    with pytest.raises(ModelError, match=r"it asks for os\.system"):
        read_weights(a_checkpoint({"w": Named("os", "system")}))


@pytest.mark.parametrize("content", [b"", b"no zip at all", a_checkpoint([1, 2])])
def test_what_is_no_checkpoint_is_one_sentence(content):
    with pytest.raises(ModelError) as fault:
        read_weights(content)

    assert "\n" not in str(fault.value)
