"""The query language of the simulated Maximo: `oslc.where`, `oslc.select`, `oslc.orderBy`.

As strict as the real one was seen to be: comparisons joined by `and`, no parentheses, no `or`, no `like`, and no blank
inside a list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.simulated.maximo_fields import Refusal

_TERM: Final = re.compile(
    r"""\s*(?P<name>[A-Za-z_][\w.:]*)\s*
        (?:(?P<op>>=|<=|!=|=|>|<)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s"()\[\],]+)
          |in\s*\[(?P<list>(?:"(?:[^"\\]|\\.)*"|[^\s"()\[\],]+)(?:,(?:"(?:[^"\\]|\\.)*"|[^\s"()\[\],]+))*)\])
        \s*""",
    re.VERBOSE,
)
_AND: Final = re.compile(r"and\s+", re.IGNORECASE)
_ITEM: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"()\[\],]+')

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; `wanted` holds several values for `in` alone."""

    name: str
    operator: str
    wanted: tuple[object, ...]

    def holds(self, row: Row) -> bool:
        """Whether the row passes; names the row has not are null."""
        found = row.get(self.name)
        if self.operator == "in":
            return any(_same(found, want) for want in self.wanted)
        (want,) = self.wanted
        if want == "*":
            return (found is not None) == (self.operator == "=")
        if self.operator in {"=", "!="}:
            return _same(found, want) == (self.operator == "=")
        return found is not None and _ordered(self.operator, found, want)


def parse_where(text: str) -> tuple[Term, ...]:
    """Read a where-clause.

    Raises
    ------
    Refusal
        BMXAA8744E for anything the real parser refuses.
    """
    terms: list[Term] = []
    at = 0
    while True:
        match = _TERM.match(text, at)
        if match is None:
            raise _syntax(text, at)
        if match["list"] is not None:
            terms.append(Term(plain(match["name"]), "in", tuple(_value(i) for i in _ITEM.findall(match["list"]))))
        else:
            terms.append(Term(plain(match["name"]), match["op"], (_value(match["value"]),)))
        at = match.end()
        if at == len(text):
            return tuple(terms)
        joint = _AND.match(text, at)
        if joint is None:
            raise _syntax(text, at)
        at = joint.end()


def parse_order(text: str) -> list[tuple[str, bool]]:
    """Read an orderBy: (name, descending) in order. A missing sign is refused, as an unescaped plus would be."""
    order: list[tuple[str, bool]] = []
    for part in text.split(","):
        if part[:1] not in {"+", "-"}:
            raise Refusal(400, "BMXAA8744E", f"BMXAA8744E - orderBy {part!r} has no sign.")
        order.append((plain(part[1:].strip()), part[0] == "-"))
    return order


def parse_select(text: str) -> dict[str, list[str]]:
    """Read a select: name -> fields of that child, empty for a plain field."""
    wanted: dict[str, list[str]] = {}
    for match in re.finditer(r"([\w.:*]+)(?:\{([^}]*)\})?", text):
        inner = [plain(name.strip()) for name in (match[2] or "").split(",") if name.strip()]
        wanted[plain(match[1])] = inner
    return wanted


def plain(name: str) -> str:
    """Take the namespace off a name and lower its case."""
    return name.rpartition(":")[2].lower()


def _value(token: str) -> object:
    if token.startswith('"'):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token.lower() in {"true", "false"}:
        return token.lower() == "true"
    try:
        return float(token)
    except ValueError:
        raise Refusal(400, "BMXAA8744E", f"BMXAA8744E - the value {token!r} is not quoted.") from None


def _same(found: object, want: object) -> bool:
    if isinstance(want, str):
        if not isinstance(found, str):
            return False
        if "%" in want:
            pattern = ".*".join(re.escape(piece) for piece in want.split("%"))
            return re.fullmatch(pattern, found, re.DOTALL) is not None
        return found == want
    if isinstance(found, bool) or isinstance(want, bool):
        return isinstance(found, (bool, int, float)) and bool(found) == bool(want)
    return found == want


def _ordered(operator: str, found: object, want: object) -> bool:
    if not (isinstance(found, (str, float, int)) and isinstance(found, str) == isinstance(want, str)):
        return False
    # Both are texts or both are numbers, which the line above has seen and a type checker has not.
    a: Any = found
    b: Any = want
    return bool({">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b}[operator])


def _syntax(text: str, at: int) -> Refusal:
    return Refusal(400, "BMXAA8744E", f"BMXAA8744E - the where clause is not valid at {text[at : at + 20]!r}.")
