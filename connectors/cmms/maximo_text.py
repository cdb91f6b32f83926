"""Text on its way to Maximo: where-clauses, descriptions, long descriptions, file names. Pure."""

import base64
import html
import re
import unicodedata
from typing import Final

# C0 and C1 controls, bidirectional marks and overrides, and the surrogates a broken decoder leaves behind.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNPRINTABLE_IN_TEXT: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
ELLIPSIS: Final = "..."  # three full stops: a database in Latin-1 has no single sign for them


def quoted(value: str) -> str:
    r"""Write a value for `oslc.where`: in double quotes, with `"` and ``\`` escaped.

    A ``%`` stays, and Maximo takes it for a wildcard: the answer may then hold more rows than were meant, so a reader
    must compare them with the value itself. Controls are dropped; no key or number of Maximo holds one.
    """
    clean = _UNPRINTABLE.sub("", value)
    escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def where(**equal: str | int) -> str:
    """Join comparisons by `and`: no parentheses, no blanks inside a comparison, which some versions refuse."""
    return " and ".join(f"{name}={quoted(value) if isinstance(value, str) else value}" for name, value in equal.items())


def one_line(text: str) -> str:
    """Make one printable line of a text: controls and line ends become single blanks."""
    composed = unicodedata.normalize("NFC", _UNPRINTABLE.sub(" ", text))
    return re.sub(r"\s+", " ", composed).strip()


def shortened(text: str, length: int) -> str:
    """Cut one line to `length` characters, between words where one ends in the last third.

    Maximo refuses a text that is too long (BMXAA4049E), so cutting is ours to do.
    """
    line = one_line(text)
    if len(line) <= length:
        return line
    if length <= len(ELLIPSIS):
        return line[:length]
    room = line[: length - len(ELLIPSIS)]
    end = room.rfind(" ") if line[len(room)].isalnum() else len(room)
    if end < length * 2 // 3:
        end = len(room)
    return room[:end].rstrip(" ,;:-") + ELLIPSIS


def description(title: str, failure_mode: str, length: int) -> str:
    """Cut a title so that the failure mode stays readable in it.

    An order's failure mode has no field of its own in Maximo; the words in its description are how the next look finds
    that this very fault has an order.
    """
    line, mode = one_line(title), one_line(failure_mode)
    cut = shortened(line, length)
    if not mode or mode.casefold() in cut.casefold():
        return cut
    tail = f" [{mode}]"
    if len(tail) >= length:
        return shortened(mode, length)
    return shortened(line, length - len(tail)) + tail


def rich(text: str, length: int) -> str:
    """Write plain text as the rich text of a long description, within `length` characters.

    Maximo shows long descriptions as HTML: markup is escaped, line ends become ``<br>``. What does not fit is cut at a
    line, or inside the first one.
    """
    clean = _UNPRINTABLE_IN_TEXT.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\t", " ")
    lines = [html.escape(line, quote=False) for line in clean.strip("\n").split("\n")]
    whole = "<br>".join(lines)
    if len(whole) <= length:
        return whole
    room, kept = length - len("<br>" + ELLIPSIS), ""
    for line in lines:
        longer = f"{kept}<br>{line}" if kept else line
        if len(longer) > room:
            break
        kept = longer
    if not kept:
        # One line longer than the field: cut, and never inside an entity such as &amp;
        kept = re.sub(r"&[a-z]{0,3}$", "", lines[0][: max(room, 0)])
    return f"{kept}<br>{ELLIPSIS}"[:length]


def file_name(name: str) -> str:
    """Take from a file name what a header or a document store could misread: folders, quotes, controls."""
    last = re.split(r"[\\/]", name)[-1]
    clean = re.sub(r'["<>:|?*;]', "_", one_line(last)).strip(" .")
    return clean[-100:] or "attachment"


def header_pair(simple: str, encoded: str, text: str) -> dict[str, str]:
    """Choose the header for one line of text: the simple one for ASCII, else base64 of UTF-8 in the encoded one."""
    line = one_line(text)
    if not line:
        return {}
    if line.isascii():
        return {simple: line}
    return {encoded: base64.b64encode(line.encode()).decode()}
