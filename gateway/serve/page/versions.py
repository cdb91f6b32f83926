"""Versions of recipes as the page reads them: from disk once, since a version never changes."""

from functools import lru_cache
from pathlib import Path

from models.recipe import Recipe, load
from models.recipe_files import CARD


def version_of(folder: Path) -> Recipe:
    """Load a version, or give the one that was loaded before; raises as `models.recipe.load` does."""
    try:
        written = (folder / CARD).stat().st_mtime_ns
    except OSError:
        written = 0
    return _loaded(str(folder), written)


@lru_cache(maxsize=32)
def _loaded(folder: str, written: int) -> Recipe:
    return load(Path(folder))
