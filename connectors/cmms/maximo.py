"""IBM Maximo Manage (7.6.0.2 and later, MAS 8 and 9) over its JSON REST API.

Written along IBM's "Maximo REST API Guide"; what goes out and what happens when is told in docs/maximo.md.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from connectors.cmms.maximo_answers import Meaning
from connectors.cmms.maximo_check import examine
from connectors.cmms.maximo_creation import Creation
from connectors.cmms.maximo_line import Line
from connectors.cmms.maximo_orders import Orders
from connectors.cmms.maximo_rest import MaximoFault, Rest, record_path
from connectors.cmms.maximo_settings import MaximoSettings
from connectors.cmms.maximo_text import file_name, header_pair, one_line, rich, shortened
from connectors.cmms.port import Attachment, CmmsFault, Finding, Order, OrderStatus, Outcome, Ref

__all__ = ["Maximo", "MaximoSettings"]

_MERGE: Final = {"x-method-override": "PATCH", "patchtype": "MERGE", "Content-Type": "application/json"}
_NOTE_LINE: Final = 100  # characters of a work log row, and of its long description, in the demo database
_NOTE_TEXT: Final = 32000
_ATTEMPTS_AT_A_NOTE: Final = 3  # somebody may be editing the order


class Maximo:
    """One Maximo, as a `CmmsPort`.

    Parameters
    ----------
    settings
        See `MaximoSettings`.

    Raises
    ------
    ValueError
        If the certificate authority's file cannot be read.
    """

    def __init__(self, settings: MaximoSettings) -> None:
        self._settings = settings
        self._rest = Rest(Line(settings))
        self._orders = Orders(settings, self._rest)
        self._creation = Creation(settings, self._rest, self._orders)

    def __repr__(self) -> str:
        """Name the target; the key is not in it."""
        return f"Maximo({self._settings.url!r}, site={self._settings.site!r})"

    def check(self) -> Sequence[Finding]:
        """Login, rights, schema and mapping, without writing anything."""
        return examine(self._settings, self._rest, self._orders)

    def find(self, key: str) -> Ref | None:
        """Look an order up by our key, wherever it is by now."""
        return self._orders.find(key)

    def find_open(self, asset: str, failure_mode: str) -> Sequence[Ref]:
        """Open orders about this fault of this asset, people's own included."""
        return self._orders.find_open(asset, failure_mode)

    def create(self, order: Order) -> Outcome:
        """Make the order, unless one with its key stands already."""
        return self._creation.create(order)

    def read(self, ref: Ref) -> OrderStatus:
        """Say what became of the order."""
        return self._orders.read(ref)

    def attach(self, ref: Ref, attachment: Attachment) -> None:
        """Put a file beside the order; a file of this name that lies there already is left alone."""
        if len(attachment.content) > self._settings.attachment_bytes_max:
            size, most = len(attachment.content), self._settings.attachment_bytes_max
            raise CmmsFault(f"{attachment.name}: {size} bytes; wanted at most {most}; order {ref.number} stands")
        name, path = file_name(attachment.name), f"{record_path(ref.href)}/doclinks"
        if name in self._attached(path):
            return
        content_type, about = one_line(attachment.content_type), shortened(attachment.description, 100)
        headers = {
            "Content-Type": content_type if content_type.isascii() else "application/octet-stream",
            "x-document-meta": "Attachments",
            **header_pair("slug", "encslug", name),
            **header_pair("x-document-description", "x-document-encdescription", about),
        }
        # Raw bytes: a form with parts makes some versions fail.
        self._rest.change(path, {}, headers, attachment.content)

    def note(self, ref: Ref, text: str) -> None:
        """Add a row to the order's work log; repeated within five minutes, it stays one row."""
        path = record_path(ref.href)
        entry = {"description": shortened(text, _NOTE_LINE), "logtype": self._settings.note_logtype}
        if len(one_line(text)) > _NOTE_LINE or "\n" in text.strip():
            entry["description_longdescription"] = rich(text, _NOTE_TEXT)
        body = json.dumps({"worklog": [entry]}).encode()
        headers = _MERGE | {"transactionid": hashlib.sha256(path.encode() + body).hexdigest()[:32]}
        for attempt in range(1, _ATTEMPTS_AT_A_NOTE + 1):
            try:
                self._rest.change(path, {}, headers, body)
            except MaximoFault as fault:
                if fault.meaning is not Meaning.CHANGED or attempt == _ATTEMPTS_AT_A_NOTE:
                    raise
            else:
                return

    def _attached(self, path: str) -> set[str]:
        member = self._rest.get(path).get("member")
        names: set[str] = set()
        for entry in member if isinstance(member, list) else []:
            described = entry.get("describedBy") if isinstance(entry, dict) else None
            if isinstance(described, dict):
                names |= {str(described.get(name)) for name in ("fileName", "title", "identifier")}
        return names
