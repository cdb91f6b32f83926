"""mat: the arrays of a MATLAB 5 file (save's -v6 and -v7), structures included.

Read here, since SciPy's reader ends the whole process at some damaged files. The format: MathWorks, "MAT-File Format",
chapter "Level 5 MAT-File Format". Numbers of classes double to uint64 and scalar structures are read; what else a file
may hold (text, cells, sparse matrices, objects) is passed over.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.audio.formats.raw import SoundFileError

MOST_BYTES = 2**30  #: unpacked; a packed file may claim to be far more than it is
_VERSION_7_3 = 0x0200  #: such a file is HDF5
_MATRIX, _COMPRESSED = 14, 15
_STRUCT = 2
_NUMBERS = range(6, 16)  #: classes mxDOUBLE to mxUINT64
#: Element types miINT8 ... miUINT64 as NumPy spells them; 8, 10 and 11 are reserved.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
#: Classes that stay what a converter gave; doubles and singles are stored as whole numbers where they are whole.
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_DEPTH = 8  #: of structures within structures


def leaves_of(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of numbers by its name, those of structures as ``structure.field``.

    Raises
    ------
    SoundFileError
        The file is of another version, or damaged.
    """
    content = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is not None and struct.unpack_from(f"{order}H", content, 124)[0] == _VERSION_7_3:
        raise SoundFileError(f"{path}: saved as MATLAB 7.3; save it with save(..., '-v7')")
    if order is None:
        raise SoundFileError(f"{path}: not a MATLAB 5 file; save it with save(..., '-v7')")
    found: dict[str, NDArray[Any]] = {}
    try:
        for kind, body in _elements(content[128:], order):
            whole = _unpacked(body, order) if kind == _COMPRESSED else [(kind, body)]
            for inner, matrix in whole:
                if inner == _MATRIX:
                    found.update(_matrix(matrix, order, "", 0))
    except (ValueError, struct.error, zlib.error) as fault:
        raise SoundFileError(f"{path}: not a readable mat file ({fault}); save it again") from fault
    return found


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Part a run of data elements into type and body; each is padded to 8 bytes, compressed ones apart."""
    at = 0
    while at + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        if kind >> 16:  # up to four bytes lie within the tag itself
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                raise ValueError(f"a small element of {size} bytes")
            yield kind, content[at + 4 : at + 4 + size]
            at += 8
            continue
        if size > len(content) - at - 8:
            raise ValueError(f"{size} bytes promised and {len(content) - at - 8} there")
        yield kind, content[at + 8 : at + 8 + size]
        at += 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)


def _unpacked(body: bytes, order: str) -> list[tuple[int, bytes]]:
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(body, MOST_BYTES)
    if unpacking.unconsumed_tail:
        raise ValueError(f"more than {MOST_BYTES // 2**20} MB when unpacked")
    if not unpacking.eof:
        raise ValueError("its packed data is cut off")
    return list(_elements(content, order))


def _matrix(body: bytes, order: str, prefix: str, depth: int) -> dict[str, NDArray[Any]]:
    """Read one array: flags, dimensions, name, then what its class asks for."""
    parts = list(_elements(body, order))
    if len(parts) < 3:  # an empty field of a structure
        return {}
    (_, flags), (_, sizes), (_, name), *rest = parts
    kind = struct.unpack_from(f"{order}I", flags)[0] & 0xFF
    shape = np.frombuffer(sizes, f"{order}i4") if len(sizes) % 4 == 0 else np.array([-1])
    if len(shape) < 2 or (shape < 0).any():
        raise ValueError("an array without a shape")
    own = prefix or name.decode("utf-8", "replace")
    if kind in _NUMBERS and rest:
        return {own: _numbers(rest[0], kind, shape, order)}
    if kind == _STRUCT and shape.prod(dtype=np.int64) == 1 and depth < _DEPTH and len(rest) >= 2:
        return _structure(rest, order, own, depth)
    return {}


def _numbers(element: tuple[int, bytes], kind: int, shape: NDArray[Any], order: str) -> NDArray[Any]:
    stored, content = element
    dtype = np.dtype(order + _TYPES.get(stored, "V1"))
    count = int(shape.prod(dtype=np.int64))
    if dtype.kind == "V" or count * dtype.itemsize != len(content):
        raise ValueError(f"{len(content)} bytes for an array of {' x '.join(map(str, shape))}")
    values = np.frombuffer(content, dtype).astype(_CLASSES[kind])
    return np.squeeze(values.reshape(shape, order="F"))


def _structure(rest: list[tuple[int, bytes]], order: str, own: str, depth: int) -> dict[str, NDArray[Any]]:
    (_, length), (_, names), *fields = rest
    width = struct.unpack_from(f"{order}i", length)[0]
    if width < 1:
        raise ValueError("a structure without names")
    words = [names[at : at + width].split(b"\0")[0].decode("utf-8", "replace") for at in range(0, len(names), width)]
    found: dict[str, NDArray[Any]] = {}
    for word, (kind, body) in zip(words, fields, strict=False):
        if kind == _MATRIX:
            found.update(_matrix(body, order, f"{own}.{word}", depth + 1))
    return found
