"""Where an API key comes from: asked before every call, so that a changed key works without a restart.

Plain frozen classes rather than closures: settings cross into another process, and `repr` shows no secret.
"""

from dataclasses import dataclass, field
from pathlib import Path

_KEY_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key is the content of a file, without the blanks around it."""

    path: str

    def __call__(self) -> str:
        """Read it now.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        with Path(self.path).open("rb") as file:
            return file.read(_KEY_BYTES_MAX).decode("ascii", errors="replace").strip()


@dataclass(frozen=True, slots=True)
class FixedKey:
    """The key was given when the gateway started, as from an environment variable."""

    secret: str = field(repr=False)

    def __call__(self) -> str:
        """Return it."""
        return self.secret
