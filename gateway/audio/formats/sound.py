"""wav and flac."""

import struct
from pathlib import Path
from typing import BinaryIO

import soundfile

from gateway.audio.formats.raw import Raw, SoundFileError

MOST_SAMPLES = 2**28  #: 1 GiB as float32, 93 minutes of one channel at 48 kHz; flac can promise far more than it is
_UNKNOWN_SIZE = 0xFFFFFFFF  #: written by programs that pipe a wav and cannot go back to its header


def read(path: Path) -> Raw:
    """Read a sound file; integers become +-1 full scale."""
    if path.suffix.lower() == ".wav":
        _refuse_cut_off(path)
    try:
        with soundfile.SoundFile(path) as file:
            promised, channels = file.frames, file.channels
            if promised * channels > MOST_SAMPLES:
                raise SoundFileError(f"{path}: {promised} samples of {channels} channels are too many; cut it")
            samples = file.read(dtype="float32", always_2d=True)
            rate = file.samplerate
    except soundfile.LibsndfileError as fault:
        raise SoundFileError(
            f"{path}: not a readable {path.suffix[1:].lower()} file ({fault.error_string.rstrip('.')}); "
            "copy or record it again"
        ) from fault
    if len(samples) < promised:
        raise SoundFileError(
            f"{path}: cut off, its header promises {promised} samples and {len(samples)} are there; copy it again"
        )
    return Raw(samples, float(rate))


def _refuse_cut_off(path: Path) -> None:
    """Refuse a wav that ends before its header says: the decoder would take what is there for the whole part."""
    with path.open("rb") as file:
        promised = _promised(file)
        there = path.stat().st_size - file.tell()
    if promised is not None and there < promised:
        raise SoundFileError(
            f"{path}: cut off, its header promises {promised} bytes of sound and {there} are there; copy it again"
        )


def _promised(file: BinaryIO) -> int | None:
    """Bytes of sound the header promises, with the file placed at the first; None where it does not say.

    RIFF/WAVE: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft 1991), chapter 3; RF64
    and its ds64 chunk: EBU Tech 3306.
    """
    head = file.read(12)
    if len(head) < 12 or head[:4] not in {b"RIFF", b"RF64"} or head[8:] != b"WAVE":
        return None
    long_size = None
    while len(chunk := file.read(8)) == 8:
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"data":
            return long_size if size == _UNKNOWN_SIZE else size
        body = file.read(16) if name == b"ds64" else b""
        if len(body) == 16:
            long_size = struct.unpack("<Q", body[8:])[0]
        file.seek(size + size % 2 - len(body), 1)
    return None
