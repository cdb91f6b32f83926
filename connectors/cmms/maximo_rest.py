"""Reading and changing what stands in Maximo: rows, addresses, field lengths. Below the port, above one HTTP call."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.cmms.maximo_answers import Meaning, Problem, read_problem
from connectors.cmms.maximo_line import Answer, Line, Lost, NotSent, Untrusted
from connectors.cmms.port import AuthFailed, CmmsFault, Outcome, RetryAfter

Row = Mapping[str, object]

PAGE_ROWS: Final = 100  # below any sensible mxe.oslc.maxpagesize, above which Maximo refuses
PAGES_MAX: Final = 10
LINE_DOWN_S: Final = 10.0  # wait after a refused connection; the outbox backs off from there

# os/<structure>/<rest id>; a rest id is base64 and may be percent-encoded.
_RECORD: Final = re.compile(r"(?:^|/)(os/[A-Za-z0-9_]+/[A-Za-z0-9_%+=.-]+)(?:$|[?#])")
# Lengths of the demo database, for as long as a site's own are not known.
_LENGTHS: Final = {"description": 100, "description_longdescription": 32000}


class MaximoFault(CmmsFault):
    """A question that got no usable answer; `outcome` is what it means for a create that had to ask it first."""

    def __init__(self, sentence: str, outcome: Outcome, meaning: Meaning | None = None) -> None:
        super().__init__(sentence)
        self.outcome = outcome
        self.meaning = meaning


@dataclass(frozen=True, slots=True)
class Schema:
    """What the site says of an object structure: its fields, their lengths, which must be sent."""

    lengths: Mapping[str, int]
    fields: frozenset[str]
    required: frozenset[str]

    def length(self, name: str) -> int:
        """How many characters a field holds."""
        return self.lengths.get(name, _LENGTHS.get(name, 0))


UNREAD: Final = Schema({}, frozenset(), frozenset())


class Rest:
    """Questions to one Maximo, and changes of records. Every failure is a `MaximoFault` with a sentence."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._schemas: dict[str, Schema] = {}
        self.last: Answer | None = None  #: the newest answer that was read whole; its Date tells Maximo's clock

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Mapping[str, object]:
        """Ask for one JSON object."""
        answer = self._ask("GET", path, query or {})
        body = answer.json()
        if not isinstance(body, dict):
            raise self._unread(path)
        return body

    def rows(self, structure: str, where: str, select: str) -> Sequence[Row]:
        """Ask for all rows that a where-clause finds, page by page.

        Paging runs the query again each time, so a row may come twice: rows are told apart by their address.
        """
        found: dict[str, Row] = {}
        for page in range(1, PAGES_MAX + 1):
            query = {"oslc.where": where, "oslc.select": select, "oslc.pageSize": str(PAGE_ROWS), "internalvalues": "1"}
            body = self.get(f"os/{structure}", query | ({"pageno": str(page)} if page > 1 else {}))
            member, about = body.get("member"), body.get("responseInfo")
            if not isinstance(member, list):
                raise self._unread(structure)
            for row in member:
                if isinstance(row, dict) and isinstance(row.get("href"), str):
                    found[row["href"]] = row
            if not (isinstance(about, dict) and about.get("nextPage")):
                return list(found.values())
        raise self._unread(f"{structure}: more than {PAGES_MAX * PAGE_ROWS} rows for {where}")

    def change(self, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Answer:
        """Change something that stands already; a 409 means that it was done before, and is fine."""
        try:
            return self._ask("POST", path, query, headers, body)
        except MaximoFault as fault:
            if fault.meaning is Meaning.DUPLICATE and self.last is not None:
                return self.last
            raise

    def schema(self, structure: str) -> Schema:
        """Read (once) what the site says of an object structure."""
        if structure not in self._schemas:
            self._schemas[structure] = _read_schema(self.get(f"jsonschemas/{structure}"))
        return self._schemas[structure]

    def schema_or_guess(self, structure: str) -> Schema:
        """Like `schema`; what comes in the way of reading it is no reason not to make an order."""
        try:
            return self.schema(structure)
        except MaximoFault:
            return UNREAD

    def forget(self, structure: str) -> None:
        """Read the schema anew next time."""
        self._schemas.pop(structure, None)

    def send(self, path: str, headers: Mapping[str, str], body: object) -> Answer:
        """Send a create as it is: `NotSent`, `Lost` and `Untrusted` come through, problems stay in the answer."""
        self.last = self._line.ask("POST", path, {}, {**_JSON, **headers}, json.dumps(body).encode())
        return self.last

    def address(self, href: str) -> str:
        """Write a record's link with our own host: what a proxy or Maximo wrote there may be inside names."""
        return f"{self._line.address}/{record_path(href)}"

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        try:
            answer = self._line.ask(method, path, query, headers, body)
        except Untrusted as fault:
            raise MaximoFault(str(fault), AuthFailed(str(fault)), Meaning.AUTH) from fault
        except (NotSent, Lost) as fault:
            raise MaximoFault(str(fault), RetryAfter(LINE_DOWN_S, str(fault)), Meaning.LOST) from fault
        self.last = answer
        problem = read_problem(answer)
        if problem is not None:
            raise MaximoFault(problem.sentence, _for_a_question(problem), problem.meaning)
        return answer

    def _unread(self, what: str) -> MaximoFault:
        sentence = f"Maximo's answer could not be read ({what})"
        return MaximoFault(sentence, RetryAfter(LINE_DOWN_S, sentence), Meaning.LOST)


_JSON: Final = {"Content-Type": "application/json"}


def record_path(href: str) -> str:
    """Take from a link the part that names a record, as in ``os/mxapiwodetail/_QkVERk9SRC8x``.

    Host and root are ours to choose, so that the key never follows a link to another machine.

    Raises
    ------
    MaximoFault
        Where the link names no record.
    """
    try:
        match = _RECORD.search(urlsplit(href).path)
    except ValueError:
        match = None
    if match is None or ".." in match[1]:
        sentence = f"the link {href[:80]!r} names no record; wanted .../os/STRUCTURE/_ID"
        raise MaximoFault(sentence, AuthFailed(sentence))
    return match[1]


def text(row: Row, name: str) -> str:
    """Read a field as text; absent and null are empty."""
    value = row.get(name)
    return "" if value is None else str(value)


def _for_a_question(problem: Problem) -> Outcome:
    """Say what a failed question means: asking changes nothing, so nothing is ever unknown after it."""
    if problem.meaning in {Meaning.BUSY, Meaning.LOST, Meaning.CHANGED, Meaning.LOOK, Meaning.DUPLICATE}:
        return RetryAfter(problem.wait_s, problem.sentence)
    # A question that Maximo will never answer is wrong for every order alike: the mapping, or the rights.
    return AuthFailed(problem.sentence)


def _read_schema(body: Mapping[str, object]) -> Schema:
    properties = body.get("properties")
    described = properties if isinstance(properties, dict) else {}
    lengths: dict[str, int] = {}
    defaulted: set[str] = set()
    for name, shape in described.items():
        if isinstance(shape, dict):
            length = shape.get("maxLength")
            if isinstance(length, int) and length > 0:
                lengths[name.lower()] = length
            if "default" in shape:
                defaulted.add(name.lower())
    required = body.get("required")
    needed = {str(name).lower() for name in required} if isinstance(required, list) else set()
    return Schema(lengths, frozenset(str(name).lower() for name in described), frozenset(needed - defaulted))
