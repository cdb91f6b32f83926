"""What a site says of its Maximo: settings of the connector, checked before anything is sent."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

Creates = Literal["work order", "service request"]
PeoplesOrders = Literal["corrective", "problem code", "none"]

# Nothing that asks for a password: that would stand here in clear.
_PROXY: Final = re.compile(r"http://[^/@?#\s]+:\d{1,5}/?")
KEY_LENGTH: Final = 20  # of our own keys; the site's EXTERNALREFID must hold it


@dataclass(frozen=True, slots=True)
class MaximoSettings:
    """One Maximo as one gateway uses it.

    Parameters
    ----------
    url
        Base of the REST API, taken as given, e.g. ``https://manage.example.com/maximo/api``.
    key
        Gives the API key; asked anew before every call, so that a changed key works at once. Never shown. Where it
        cannot be had it may raise `CmmsFault` with a sentence, or OSError.
    site, org
        SITEID of the assets; ORGID is sent only where given.
    creates
        What an order becomes.
    work_order_structure, request_structure, asset_structure
        Names of the object structures.
    priority
        Severity -> number of the site's own scale. There is no default: sites differ on which end is urgent. A severity
        that is missing is sent without a priority.
    worktype
        Sent where given, e.g. ``"CM"`` or a condition-based type of the site. Work orders only.
    key_field, owner_field
        Fields that carry our key and `owner`.
    owner
        Who made the order, at most 10 characters: how our own orders are told from people's.
    peoples_orders
        Which open orders of people stand for a new one on the same asset: ``"corrective"``: those without a work type
        or with one of `corrective_worktypes`; ``"problem code"``: those whose PROBLEMCODE is that of the failure mode
        in `problem_codes`; ``"none"``.
    assets
        What `check` looks up: the assets the site file names.
    note_logtype
        LOGTYPE of a worklog row.
    page_link
        Base of the gateway's page; the key of the order is put behind it in the long description. Empty: no link.
    connect_s, read_s, total_s
        Seconds to connect, to wait for the next byte, and for one whole call.
    answer_bytes_max, attachment_bytes_max
        Larger answers are refused, larger files are not sent.
    ca_file
        PEM file of the plant's own certificate authority, beside those the operating system trusts.
    proxy
        HTTP proxy on the way, ``http://HOST:PORT``. Empty: none, whatever the environment says.
    """

    url: str
    key: Callable[[], str] = field(repr=False)
    site: str
    org: str = ""
    creates: Creates = "work order"
    work_order_structure: str = "MXAPIWODETAIL"
    request_structure: str = "MXAPISR"
    asset_structure: str = "MXAPIASSET"
    priority: Mapping[str, int] = field(default_factory=dict)
    worktype: str = ""
    key_field: str = "externalrefid"
    owner_field: str = "ownersysid"
    owner: str = "WHEELTAP"
    peoples_orders: PeoplesOrders = "corrective"
    corrective_worktypes: tuple[str, ...] = ("CM", "EM")
    problem_codes: Mapping[str, str] = field(default_factory=dict)
    assets: tuple[str, ...] = ()
    note_logtype: str = "CLIENTNOTE"
    page_link: str = ""
    connect_s: float = 5.0
    read_s: float = 20.0
    total_s: float = 30.0
    answer_bytes_max: int = 4 * 1024 * 1024
    attachment_bytes_max: int = 5 * 1024 * 1024
    ca_file: str = ""
    proxy: str = ""

    def __post_init__(self) -> None:
        """Refuse what can never work.

        Raises
        ------
        ValueError
            One sentence per fault, joined by newlines.
        """
        faults = [*self._url_faults(), *self._value_faults()]
        if faults:
            raise ValueError("\n".join(faults))

    def _url_faults(self) -> list[str]:
        split = urlsplit(self.url)
        if split.scheme not in {"http", "https"} or not split.hostname:
            return [f"url: found {self.url!r}; wanted https://HOST/maximo/api"]
        if split.username or split.password or split.query or split.fragment:
            return ["url: it holds a user, a password or a query; wanted https://HOST/maximo/api and the key by itself"]
        if "/os/" in f"{split.path}/" or split.path.count("/maximo") > 1:
            return [f"url: found the path {split.path}; wanted the base alone, as in https://HOST/maximo/api"]
        return []

    def _value_faults(self) -> list[str]:
        faults = []
        if not self.site:
            faults.append('site: it is empty; wanted the SITEID of the assets, e.g. "BEDFORD"')
        for severity, value in self.priority.items():
            # WOPRIORITY runs from 0 to 999 by Maximo's own field help.
            if not 0 <= value <= 999:
                faults.append(f"priority.{severity}: found {value}; wanted 0 to 999, on the scale of the site")
        if not 0 < len(self.owner) <= 10:
            faults.append(f"owner: found {self.owner!r}; wanted 1 to 10 characters, which OWNERSYSID can hold")
        if self.peoples_orders == "problem code" and not self.problem_codes:
            faults.append('problem_codes: it is empty; wanted a code per failure mode, which "problem code" compares')
        if self.proxy and not _PROXY.fullmatch(self.proxy):
            faults.append("proxy: wanted http://HOST:PORT, without a user or a path")
        if min(self.connect_s, self.read_s, self.total_s) <= 0:
            faults.append("connect_s, read_s, total_s: wanted seconds above 0")
        return faults

    @property
    def structure(self) -> str:
        """The object structure orders are made in."""
        return self.work_order_structure if self.creates == "work order" else self.request_structure

    @property
    def number_field(self) -> str:
        """What people call an order by."""
        return "wonum" if self.creates == "work order" else "ticketid"

    @property
    def priority_field(self) -> str:
        """Where the priority goes."""
        return "wopriority" if self.creates == "work order" else "reportedpriority"

    @property
    def in_clear(self) -> bool:
        """Whether the key would cross a network in clear."""
        split = urlsplit(self.url)
        return split.scheme == "http" and split.hostname not in {"127.0.0.1", "::1", "localhost"}
