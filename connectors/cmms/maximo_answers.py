"""What an answer of Maximo means: by its reason code first, by its HTTP status second, never by its text.

Nearly every business error comes as 400, and messages come in the language of the user, so neither decides. Codes are
those of IBM's message catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from connectors.cmms.maximo_line import Answer
from connectors.cmms.maximo_text import shortened


class Meaning(Enum):
    """What has to be done about an answer that is not a plain yes."""

    AUTH = "the key is refused, or a login page came"
    SETUP = "rights or set-up are wrong"
    DUPLICATE = "it was done before"
    LOOK = "the database refused; look whether it stands, then try again"
    OPTIONAL = "a value is not in the site's list; perhaps it can be left out"
    INVALID = "never as it is"
    MISSING = "nothing is at this address"
    CHANGED = "somebody changed it meanwhile; read again"
    BUSY = "not now"
    LOST = "it may have been done"


_REASONS: Final = {
    "BMXAA0021E": Meaning.AUTH,  # not logged in
    "BMXAA7901E": Meaning.AUTH,  # login refused
    "BMXAA9301E": Meaning.SETUP,  # not authorised for the object structure; comes as 400 or 403
    "BMXAA9766E": Meaning.SETUP,  # an electronic signature is asked, which no program can give
    "BMXAA4129E": Meaning.DUPLICATE,  # the record exists
    "BMXAA4211E": Meaning.LOOK,  # a database error: a unique key, or a deadlock
    "BMXAA4190E": Meaning.OPTIONAL,  # not in the value list
    "BMXAA4191E": Meaning.OPTIONAL,  # not valid
    "BMXAA4494E": Meaning.OPTIONAL,  # a date in the future: without one, Maximo takes its own clock
    "BMXAA8229W": Meaning.CHANGED,  # updated by another user
    "BMXAA4200E": Meaning.CHANGED,  # the same, older
    "BMXAA4160E": Meaning.LOST,  # a fatal error inside
    "BMXAA6395E": Meaning.LOST,  # no database
    "BMXAA4195E": Meaning.INVALID,  # a value is required
    "BMXAA4153E": Meaning.INVALID,  # site not valid
    "BMXAA2661E": Meaning.INVALID,  # location not valid
    "BMXAA0090E": Meaning.INVALID,  # asset not valid or not operating
    "BMXAA4049E": Meaning.INVALID,  # too long
    "BMXAA4638E": Meaning.INVALID,  # status change not allowed
    "BMXAA4679E": Meaning.INVALID,
    "BMXAA8744E": Meaning.INVALID,  # syntax of where or orderBy
}

_STATUSES: Final = {
    401: Meaning.AUTH,
    407: Meaning.AUTH,
    403: Meaning.SETUP,
    404: Meaning.MISSING,
    408: Meaning.LOST,
    409: Meaning.DUPLICATE,
    412: Meaning.CHANGED,
    429: Meaning.BUSY,
}

BUSY_S: Final = 60.0  # wait where the other side names no time
_WAIT_MAX_S: Final = 3600.0
_MESSAGE_MAX: Final = 240


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is not a yes: what it means, and a sentence for a person."""

    meaning: Meaning
    sentence: str
    code: str = ""
    field: str = ""  #: the attribute Maximo names, in lower case
    wait_s: float = BUSY_S


def read_problem(answer: Answer) -> Problem | None:
    """Say what is wrong with an answer; None when nothing is."""
    error = _error(answer)
    code, field = _text(error, "reasonCode"), _text(error, "errorattrname").lower()
    message = shortened(_text(error, "message"), _MESSAGE_MAX)
    if code in _REASONS:
        field = field or ("reportdate" if code == "BMXAA4494E" else "")
        return Problem(_REASONS[code], _sentence(answer, code, message, field), code, field)
    meaning = _by_status(answer, error)
    if meaning is None:
        return None
    wait_s = _wait_s(answer) or BUSY_S
    return Problem(meaning, _sentence(answer, code, message, field), code, field, wait_s)


def server_time(answer: Answer) -> datetime | None:
    """Read Maximo's clock from the Date header; None where there is none."""
    return _date(answer.headers.get("date", ""))


def _by_status(answer: Answer, error: Mapping[str, object]) -> Meaning | None:
    status = answer.status
    if status < 300:
        if error:
            return Meaning.INVALID  # an error under a good status: some proxies do that
        # A login page comes with 200. Taking it for success would lose the order.
        return Meaning.AUTH if answer.html else None
    if status < 400:
        return Meaning.AUTH  # a redirect is a single sign-on; it is never followed
    if status == 503 and _wait_s(answer) is not None:
        return Meaning.BUSY
    if status >= 500:
        return Meaning.LOST
    return _STATUSES.get(status, Meaning.INVALID)


def _error(answer: Answer) -> Mapping[str, object]:
    body = answer.json()
    if not isinstance(body, dict):
        return {}
    for name in ("Error", "error", "oslc:Error"):
        inner = body.get(name)
        if isinstance(inner, dict):
            return {str(key).rpartition(":")[2]: value for key, value in inner.items()}
    return {}


def _text(error: Mapping[str, object], name: str) -> str:
    value = error.get(name)
    return value if isinstance(value, str) else ""


def _sentence(answer: Answer, code: str, message: str, field: str) -> str:
    if 300 <= answer.status < 400:
        host = _host(answer.headers.get("location", ""))
        return f"Maximo sent us to {host} (HTTP {answer.status}) instead of answering; the key may not open this path"
    if answer.html and answer.status < 300:
        return f"a login page came instead of data (HTTP {answer.status}); the key may not open this path"
    # Most messages begin with their code; say it once.
    message = message.removeprefix(code).lstrip(" -")
    about = f" about {field}" if field else ""
    parts = [f"Maximo answered {answer.status}{about}", code, message]
    return ": ".join(part for part in parts if part)


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or "another place"
    except ValueError:
        return "another place"


def _wait_s(answer: Answer) -> float | None:
    """Read Retry-After, which holds seconds or a date; at most an hour."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal() and text.isascii():
        return min(max(float(text), 1.0), _WAIT_MAX_S)
    until, now = _date(text), server_time(answer)
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 1.0), _WAIT_MAX_S)


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
