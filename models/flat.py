"""Frozen dataclasses to text and arrays, and back, checked.

A recipe keeps what was learned as JSON that a person can read beside arrays that NumPy can read without running
anything. The dataclasses of `analytics` are the schema: what does not fit their annotations is refused.
"""

import dataclasses
import math
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")


class FlatError(ValueError):
    """What was read is not what the dataclass wants; the message says where."""


def flatten(record: object, arrays: Arrays, path: str = "") -> object:
    """Turn a record into JSON values; each array goes to `arrays` under its path, and the path stands for it."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        names = [field.name for field in dataclasses.fields(record)]
        return {name: flatten(getattr(record, name), arrays, _join(path, name)) for name in names}
    if isinstance(record, np.ndarray):
        arrays[path] = record
        return path
    if isinstance(record, Enum):
        return record.value
    if isinstance(record, Mapping):
        return {str(key): flatten(value, arrays, _join(path, str(key))) for key, value in record.items()}
    if isinstance(record, tuple):
        return [flatten(value, arrays, _join(path, str(index))) for index, value in enumerate(record)]
    assert record is None or isinstance(record, (str, bool, int, float)), (path, type(record))
    assert not isinstance(record, float) or math.isfinite(record), (path, record)
    return record


def build(kind: type[T], tree: object, arrays: Mapping[str, NDArray[Any]], path: str = "") -> T:
    """Make a record of `kind` from what `flatten` gave.

    Raises
    ------
    FlatError
        A field is missing, unknown or of another type, or the record itself refuses the values.
    """
    assert dataclasses.is_dataclass(kind)
    if not isinstance(tree, dict):
        raise FlatError(f"{path or 'the model'}: wanted named fields")
    fields = {field.name for field in dataclasses.fields(kind)}
    if fields != set(tree):
        odd = ", ".join(sorted(fields ^ set(tree)))
        raise FlatError(f"{path or 'the model'}: missing or unknown: {odd}")
    hints = get_type_hints(kind)
    values = {name: _value(hints[name], tree[name], arrays, _join(path, name)) for name in fields}
    try:
        return kind(**values)
    except (ValueError, AssertionError) as fault:
        raise FlatError(f"{path or 'the model'}: {fault}") from fault


def _value(hint: object, value: object, arrays: Mapping[str, NDArray[Any]], path: str) -> object:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        if value is None and type(None) in arguments:
            return None
        (kind,) = (argument for argument in arguments if argument is not type(None))
        return _value(kind, value, arrays, path)
    if origin is np.ndarray:
        return _array(hint, value, arrays, path)
    if origin is tuple:
        return _tuple(arguments, value, arrays, path)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise FlatError(f"{path}: wanted named values")
        return {key: _value(arguments[1], one, arrays, _join(path, key)) for key, one in value.items()}
    return _plain(hint, value, arrays, path)


def _plain(hint: object, value: object, arrays: Mapping[str, NDArray[Any]], path: str) -> object:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return build(hint, value, arrays, path)
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError as fault:
            raise FlatError(f"{path}: {fault}") from fault
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if hint is not float and type(value) is hint:  # type, not isinstance: True is no number here
        return value
    raise FlatError(f"{path}: found {value!r:.40}, wanted {getattr(hint, '__name__', hint)}")


def _tuple(arguments: tuple[Any, ...], value: object, arrays: Mapping[str, NDArray[Any]], path: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise FlatError(f"{path}: wanted a list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise FlatError(f"{path}: wanted {len(arguments)} values, found {len(value)}")
    return tuple(
        _value(kind, one, arrays, _join(path, str(index)))
        for index, (kind, one) in enumerate(zip(arguments, value, strict=True))
    )


def _array(hint: object, value: object, arrays: Mapping[str, NDArray[Any]], path: str) -> NDArray[Any]:
    array = arrays.get(value) if isinstance(value, str) else None
    if array is None:
        raise FlatError(f"{path}: its array is missing")
    (wanted,) = get_args(get_args(hint)[1])
    if array.dtype != np.dtype(wanted):
        raise FlatError(f"{path}: found {array.dtype}, wanted {np.dtype(wanted)}")
    if not np.isfinite(array).all():
        raise FlatError(f"{path}: holds a value that is not finite")
    array.flags.writeable = False
    return array


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
