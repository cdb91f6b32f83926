"""How a simulated Maximo is set up: its site, its people, its quirks."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset a work order may be about."""

    number: str
    description: str = ""
    location: str = ""
    status: str = "OPERATING"
    failure_class: str = ""


def _pumps() -> tuple[Asset, ...]:
    return (Asset("PUMP-7", "Cooling pump 7"), Asset("PUMP-8", "Cooling pump 8"))


@dataclass(frozen=True, slots=True)
class SimulatedMaximoSettings:
    """What one site of one Maximo looks like.

    Parameters
    ----------
    keys, users
        API key -> user; user -> password. Keys open `/api` and `/oslc`, passwords `/oslc` alone.
    refused_users
        Users who may log in and may not touch an object structure (BMXAA9301E).
    synonyms
        Status word of the site -> Maximo's internal one, beside the internal ones themselves.
    ignored
        Fields the object structures leave out: taken and forgotten without a word.
    priorities, worktypes
        What the site's value lists allow. `priorities` None: 0 to 999.
    failure_codes
        Failure class -> problem codes below it.
    alternate_key
        An administrator made EXTERNALREFID a unique alternate key of work order and request.
    cookie_trap
        Answer 401 to an API key that comes with a JSESSIONID, as a real one was seen to.
    page_size_max
        Larger pages are refused (mxe.oslc.maxpagesize).
    transaction_life_s
        How long a `transactionid` is remembered: 300 s unless the administrator changes it.
    """

    site: str = "BEDFORD"
    org: str = "EAGLENA"
    other_sites: tuple[str, ...] = ()
    assets: tuple[Asset, ...] = field(default_factory=_pumps)
    locations: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=lambda: {"demo-key": "WHEELTAP"})
    users: Mapping[str, str] = field(default_factory=lambda: {"WILSON": "wilson"})
    refused_users: frozenset[str] = frozenset()
    synonyms: Mapping[str, str] = field(default_factory=lambda: {"APPR S1": "APPR"})
    ignored: frozenset[str] = frozenset()
    lengths: Mapping[str, int] = field(default_factory=dict)
    priorities: frozenset[int] | None = None
    worktypes: frozenset[str] = frozenset({"CM", "PM", "EM", "CP", "CAL"})
    failure_codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    alternate_key: bool = False
    cookie_trap: bool = True
    page_size_max: int = 1000
    transaction_life_s: float = 300.0
    first_number: int = 1001
    file_types: frozenset[str] = frozenset({"png", "jpg", "txt", "pdf", "mp3"})
    file_bytes_max: int = 10 * 1024 * 1024
    body_bytes_max: int = 32 * 1024 * 1024
    slow_s: float = 1.0  #: between two bytes of a slow answer
    hang_s: float = 60.0  #: how long a hanging answer hangs, unless the server stops
