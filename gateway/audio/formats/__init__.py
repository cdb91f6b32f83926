"""One file per family of formats; each gives `Raw` or raises `SoundFileError`."""

from gateway.audio.formats.raw import SoundFileError

__all__ = ["SoundFileError"]
