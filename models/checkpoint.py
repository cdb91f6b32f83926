"""Reads the weights out of a PyTorch checkpoint without PyTorch.

Since PyTorch 1.6 a checkpoint is a zip file: `data.pkl`, a pickle that names its tensors, and their numbers as raw
little-endian files beside it (torch/serialization.py). A pickle can call anything; this one may call nothing but what
builds dictionaries and tensors, and everything else it names comes to nothing.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.model_card import ModelError

_KINDS = {"FloatStorage": "<f4", "LongStorage": "<i8"}
_NOTHING = {"numpy", "_codecs"}  #: modules whose objects are named beside the weights and are not wanted

Numbers = NDArray[Any]


def read_weights(content: bytes) -> dict[str, Numbers]:
    """Return the tensors of a checkpoint by their names; it may be a state dictionary or a tuple that begins with one.

    Raises
    ------
    ModelError
        It is no such checkpoint, or asks for more than tensors.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            root = next(PurePosixPath(name).parent for name in archive.namelist() if name.endswith("/data.pkl"))
            found = _Reader(archive, str(root)).load()
    except (zipfile.BadZipFile, StopIteration, KeyError, pickle.UnpicklingError, ValueError, TypeError) as fault:
        raise ModelError(f"not a checkpoint of PyTorch that can be read here ({fault}); take the right file") from fault
    weights = found[0] if isinstance(found, tuple) and found else found
    if not isinstance(weights, Mapping):
        raise ModelError("the checkpoint holds no dictionary of weights; take the right file")
    return {str(name): value for name, value in weights.items() if isinstance(value, np.ndarray)}


class _Ignored:
    """Stands where something was named that is not wanted; takes every argument and every state, and does nothing."""

    def __init__(self, *_: object) -> None:
        """Take what a pickle would have built it of."""

    def __setstate__(self, _: object) -> None:
        """Take what a pickle would have set."""


class _Reader(pickle.Unpickler):
    """An unpickler that knows four names."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> object:
        """Answer a name the pickle calls; refuse what it has no business with."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        if module.partition(".")[0] in _NOTHING:
            return _Ignored
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Numbers:  # noqa: ANN401 - whatever the pickle says
        """Read the numbers of one tensor: ("storage", kind, key, device, count)."""
        _, kind, key, _, count = pid
        return np.frombuffer(self._archive.read(f"{self._root}/data/{key}"), kind, count)


def _tensor(storage: Numbers, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Numbers:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if min(size, default=1) < 1 or offset < 0 or min(stride, default=0) < 0 or last >= len(storage):
        raise pickle.UnpicklingError("a tensor reaches beyond its numbers")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()
