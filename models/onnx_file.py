"""Writes an ONNX model file: a chain of operators with their weights.

An ONNX file is one protocol buffer. The few messages needed for a network of convolutions are written here field by
field (numbers after onnx.proto3 of ONNX 1.16, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3; encoding after
https://protobuf.dev/programming-guides/encoding), so that building a model on a PC of the plant needs no package of
another 20 MB. What is written is checked against the `onnx` package in the tests.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_IR_VERSION, _OPSET = 8, 17  #: what ONNX Runtime reads since 1.12 (2022)
_FLOAT = 1  #: TensorProto.DataType.FLOAT
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_INTS = 1, 2, 7  #: AttributeProto.AttributeType
_VARINT, _LENGTH, _FIXED32 = 0, 2, 5  #: wire types

Attribute = int | float | Sequence[int]
Axis = int | str  #: a length, or the name of a length that is known only when the model runs


@dataclass
class Graph:
    """A network while it is put together; each `node` adds one operator and returns the name of its output."""

    name: str
    _nodes: list[bytes] = field(default_factory=list)
    _weights: list[bytes] = field(default_factory=list)

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        attributes: Mapping[str, Attribute] | None = None,
        output: str | None = None,
    ) -> str:
        """Add an operator of the default ONNX domain; its output is called `output`, or after its place."""
        output = output or f"{operator.lower()}{len(self._nodes)}"
        self._nodes.append(
            b"".join(
                [
                    *(_text(1, one) for one in inputs),
                    _text(2, output),
                    _text(4, operator),
                    *(_bytes(5, _attribute(key, value)) for key, value in (attributes or {}).items()),
                ]
            )
        )
        return output

    def weights(self, name: str, values: NDArray[np.float32]) -> str:
        """Add constant numbers, little-endian float32, under a name; return the name."""
        raw = np.ascontiguousarray(values, "<f4").tobytes()
        sizes = b"".join(_number(1, size) for size in values.shape)
        self._weights.append(sizes + _number(2, _FLOAT) + _text(8, name) + _bytes(9, raw))
        return name

    def file(self, given: tuple[str, Sequence[Axis]], answer: tuple[str, Sequence[Axis]]) -> bytes:
        """Return the model file: name and shape of its one input and of its one output, both float32."""
        graph = b"".join(
            [
                *(_bytes(1, one) for one in self._nodes),
                _text(2, self.name),
                *(_bytes(5, one) for one in self._weights),
                _bytes(11, _value(*given)),
                _bytes(12, _value(*answer)),
            ]
        )
        return _number(1, _IR_VERSION) + _text(2, "wheeltapper") + _bytes(7, graph) + _bytes(8, _number(2, _OPSET))


def _value(name: str, shape: Iterable[Axis]) -> bytes:
    axes = b"".join(_bytes(1, _number(1, one) if isinstance(one, int) else _text(2, one)) for one in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, axes)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    if isinstance(value, float):
        return _text(1, name) + _key(2, _FIXED32) + struct.pack("<f", value) + _number(20, _ATTRIBUTE_FLOAT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _ATTRIBUTE_INTS)


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _number(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value & (1 << 64) - 1)  # below zero: two's complement of 64 bits


def _bytes(number: int, content: bytes) -> bytes:
    return _key(number, _LENGTH) + _varint(len(content)) + content


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _varint(value: int) -> bytes:
    """Seven bits a byte, lowest first; the eighth bit says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
