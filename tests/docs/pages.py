"""The documents as text: their pages, blocks, links and generated sections."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
RUN = "<!-- run -->"  #: on the line before a ```sh block: a test runs it

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```\s*$", re.M | re.S)
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block and where it stands."""

    page: Path
    line: int
    language: str
    text: str
    run: bool

    @property
    def where(self) -> str:
        """Place of the block, for people and for the names of tests."""
        return f"{name_of(self.page)}:{self.line}"


def pages() -> list[Path]:
    """Every page that a visitor reads."""
    return [README, *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """Name of a page as seen from the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page in these languages."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        if found["language"] in languages:
            before = text[: found.start()].rstrip().rsplit("\n", 1)[-1]
            yield Block(page, text[: found.start()].count("\n") + 1, found["language"], found["text"], before == RUN)


def every_block(*languages: str) -> list[Block]:
    """Give the blocks of all pages."""
    return [block for page in pages() for block in blocks(page, *languages)]


def prose(page: Path) -> str:
    """Text of a page without its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Targets of a page's links."""
    return _LINK.findall(prose(page))


def spans(page: Path) -> list[str]:
    """Code spans of a page's prose."""
    return _CODE.findall(prose(page))


def between(text: str, name: str, new: str | None = None) -> str:
    """Read the generated section `name` of a page; with `new`, give the whole page with that section replaced."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    head, found, rest = text.partition(begin)
    old, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"no section {name!r}; wanted {begin.strip()} and {end}")
    return old if new is None else head + begin + new + end + tail
