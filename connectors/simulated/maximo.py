"""A Maximo for rehearsals: a REST API over real sockets, and the people who work with it.

It stands in for IBM Maximo Manage in the demo and the tests, and `wheeltapper simulate maximo` runs it by itself. What
it copies, and from where, is in docs/maximo.md. Everything is in memory.
"""

import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.simulated.maximo_faults import Fault, FaultPlan
from connectors.simulated.maximo_http import MaximoServer, Seen
from connectors.simulated.maximo_rows import Row, Rows
from connectors.simulated.maximo_service import Service
from connectors.simulated.maximo_settings import Asset, SimulatedMaximoSettings

__all__ = ["Asset", "Fault", "OrderView", "SimulatedMaximo", "SimulatedMaximoSettings", "serve"]


@dataclass(frozen=True, slots=True)
class OrderView:
    """One work order or service request, as a planner would see it."""

    number: str
    table: str  #: WORKORDER | SR
    status: str
    asset: str
    description: str
    long_description: str
    key: str  #: EXTERNALREFID
    values: dict[str, object]
    worklog: tuple[str, ...]
    attachments: tuple[str, ...]


class SimulatedMaximo:
    """One Maximo and its people.

    Parameters
    ----------
    settings
        Its site.
    wall
        Its clock, aware; a test turns it.
    tls
        Its certificate, where it should speak https.
    """

    def __init__(
        self,
        settings: SimulatedMaximoSettings | None = None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings or SimulatedMaximoSettings()
        self._rows = Rows(self.settings, wall)
        self._service = Service(self._rows)
        self._server: MaximoServer | None = None
        self._thread: threading.Thread | None = None
        self._tls = tls
        self._host, self._port = "127.0.0.1", 0
        self.faults = FaultPlan()
        self.seen: deque[Seen] = deque(maxlen=2000)

    # ---- the line ---------------------------------------------------------------------------------------------------

    def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base url (`http://host:port/maximo/api`). Started again, it takes the same port."""
        assert self._server is None, "started twice"
        self._server = MaximoServer((host, port or self._port), self._service, self.faults, self.seen)
        self._host, self._port = host, self._server.server_port
        if self._tls is not None:
            # The handshake waits for the line's own thread; here it would keep every other client waiting.
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.listen, name=f"simulated-maximo:{self._port}")
        self._thread.start()
        return self.url

    def stop(self) -> None:
        """Go away: connections are refused from now on, lines are cut. What is remembered stays."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            server.end()
            thread.join(5.0)

    def __enter__(self) -> "SimulatedMaximo":
        """Start on a free port of the loopback."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def url(self) -> str:
        """The base url; after `stop`, the one it had and will have again."""
        return f"{'http' if self._tls is None else 'https'}://{self._host}:{self._port}/maximo/api"

    # ---- what stands in it ------------------------------------------------------------------------------------------

    @property
    def orders(self) -> list[OrderView]:
        """Every work order, oldest first."""
        return self._views("WORKORDER")

    @property
    def requests(self) -> list[OrderView]:
        """Every service request, oldest first."""
        return self._views("SR")

    def file(self, number: str, name: str) -> bytes:
        """Return what was attached to a work order under this name."""
        with self._rows.lock:
            row = self._row(number)
            return next(d.content for d in row.documents if d.name == name)

    # ---- people -----------------------------------------------------------------------------------------------------

    def make_order(self, asset: str, description: str, **values: object) -> str:
        """Let a person make a work order; returns its number."""
        with self._rows.lock:
            body = {"siteid": self.settings.site, "assetnum": asset, "description": description} | values
            row = self._rows.create("WORKORDER", body)
            return str(row.values["wonum"])

    def set_status(self, number: str, status: str, memo: str = "") -> None:
        """Let a person move an order or request along its status life."""
        with self._rows.lock:
            self._rows.change_status(self._row(number), status, memo)

    def approve(self, number: str) -> None:
        """Let a planner approve an order."""
        self.set_status(number, "APPR")

    def cancel(self, number: str, memo: str = "") -> None:
        """Let a planner cancel an order."""
        self.set_status(number, "CAN", memo)

    def complete(self, number: str) -> None:
        """Let a technician report the work done."""
        self.set_status(number, "COMP")

    def close(self, number: str) -> None:
        """Let a planner close an order for good."""
        self.set_status(number, "CLOSE")

    def edit(self, number: str, **values: object) -> None:
        """Let a person change fields of an order; an empty text clears one."""
        with self._rows.lock:
            self._rows.update(self._row(number), values, merge=True)

    def delete(self, number: str) -> None:
        """Let an administrator delete an order."""
        with self._rows.lock:
            self._rows.delete(self._row(number))

    def put_asset(self, asset: Asset) -> None:
        """Let an administrator make or change an asset."""
        with self._rows.lock:
            self._rows.put_asset(asset)

    def _row(self, number: str) -> Row:
        try:
            return self._rows.by_number("WORKORDER", number)
        except KeyError:
            return self._rows.by_number("SR", number)

    def _views(self, table: str) -> list[OrderView]:
        with self._rows.lock:
            return [_view(row) for row in self._rows.all(table)]


def _view(row: Row) -> OrderView:
    values = dict(row.values)

    def text(name: str) -> str:
        return str(values.get(name, ""))

    return OrderView(
        number=text(row.table.number),
        table=row.table.name,
        status=text("status"),
        asset=text("assetnum"),
        description=text("description"),
        long_description=text("description_longdescription"),
        key=text("externalrefid"),
        values=values,
        worklog=tuple(str(entry.get("description", "")) for entry in row.children.get("worklog", [])),
        attachments=tuple(document.name for document in row.documents),
    )


def serve(
    host: str,
    port: int,
    settings: SimulatedMaximoSettings | None = None,
    *,
    ready: Callable[[SimulatedMaximo], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> None:
    """Run a simulated Maximo until `stop` is set (or forever, until interrupted).

    Parameters
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    settings
        Its site.
    ready
        Called once it listens; `SimulatedMaximo.url` then says where.
    stop
        Ends it.
    """
    maximo = SimulatedMaximo(settings)
    maximo.start(host, port)
    try:
        ready(maximo)
        stop = stop or threading.Event()
        while not stop.wait(0.5):  # a wait without end cannot be interrupted on Windows
            pass
    finally:
        maximo.stop()
