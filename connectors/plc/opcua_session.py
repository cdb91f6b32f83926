"""One OPC UA session with a PLC: certificates, time limits, and asyncua's many errors as the port's two.

asyncua's own reconnecting is not used: a Client that has lost packets can hang for ever when it is used again, and a
write that was given up must die with its connection. A session that broke stays broken; the next one is a new object.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import uacrypto
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from connectors.plc.opcua_answer import Malformed, Told, read_answer
from connectors.plc.opcua_security import Security, refuse_password_in_clear
from connectors.plc.port import PlcRefused, PlcUnreachable

log = logging.getLogger(__name__)
T = TypeVar("T")

#: A crashed gateway's session is gone after this long: small PLCs grant few, asyncua would ask for an hour.
_SESSION_MS = 30_000

#: Names of status codes that mean "no", whoever asks again. All others mean "not now": the session is given up.
_REFUSALS = frozenset(
    {
        "BadAttributeIdInvalid",
        "BadCertificateHostNameInvalid",
        "BadCertificateInvalid",
        "BadCertificateTimeInvalid",
        "BadCertificateUntrusted",
        "BadCertificateUriInvalid",
        "BadIdentityTokenInvalid",
        "BadIdentityTokenRejected",
        "BadNodeIdInvalid",
        "BadNodeIdUnknown",
        "BadNotReadable",
        "BadNotWritable",
        "BadOutOfRange",
        "BadSecurityChecksFailed",
        "BadSecurityModeRejected",
        "BadSecurityPolicyRejected",
        "BadTypeMismatch",
        "BadUserAccessDenied",
        "BadWriteNotSupported",
    }
)


@dataclass(frozen=True, slots=True)
class OpcUaSettings:
    """Where the PLC is, who we are to it, and what of it is used.

    Parameters
    ----------
    name
        Path in the site file, as ``plc.main``: where its sentences begin.
    url
        ``opc.tcp://host:port/path``
    stations
        Station -> contract name -> node id, as `connectors.plc.opcua_tags.contract_tags` makes it.
    values
        Plain tags: name -> node id.
    writes
        Stations whose G tags may be written; any other write is refused here.
    security
        ``SignAndEncrypt``, ``Sign`` or ``None``.
    certificates
        Folder of `connectors.plc.trust.TrustFolder`.
    notice
        ``poll``: every `poll` reads; ``subscribe``: the PLC tells of changes, and `poll` looks at what it told.
    publish_ms
        Subscription: publishing and sampling interval asked for.
    timeout_s
        Longest wait for one answer.
    open_timeout_s
        Longest wait for connecting and looking at every tag.
    """

    name: str
    url: str
    stations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    writes: frozenset[str] = frozenset()
    security: str = "SignAndEncrypt"
    certificates: Path = Path("certificates")
    user: str = ""
    password: str = field(default="", repr=False)
    notice: str = "poll"
    publish_ms: float = 10.0
    timeout_s: float = 0.5
    open_timeout_s: float = 5.0


def application_uri() -> str:
    """Name this gateway to its peers; its certificate carries the same."""
    return f"urn:{socket.gethostname()}:wheeltapper"


class OpcUaSession:
    """A connection that is used until it breaks, and then never again."""

    def __init__(self, settings: OpcUaSettings) -> None:
        self.where = f"{settings.name}: {settings.url}"
        self.client: Client | None = None
        self.namespaces: list[str] = []
        self._settings = settings
        self._lost = ""
        #: A small PLC computes for a second on the RSA of a new session, and long on all tags at once.
        self._limit_s = settings.open_timeout_s

    async def connect(self) -> None:
        """Connect; each step may take `open_timeout_s`, since whoever opens bounds the whole."""
        if self._lost or self.client is not None:
            raise PlcUnreachable(f"{self.where}: {self._lost or 'in use'}; a new connection is a new object")
        settings = self._settings
        refuse_password_in_clear(settings.name, settings.url, settings.security, settings.password)
        client = Client(settings.url, timeout=self._limit_s, auto_reconnect=False)
        client.session_timeout = _SESSION_MS
        client.application_uri = application_uri()
        client.name = client.description = "wheeltapper"
        if settings.user:
            client.set_user(settings.user)
            client.set_password(settings.password)
        self.client = client
        if settings.security != "None":
            await self._secure(client)
        await self.bounded(client.connect(), "no session")
        self.namespaces = [str(uri) for uri in await self.bounded(client.get_namespace_array(), "no namespaces")]

    def in_service(self) -> None:
        """Wait `timeout_s` at most for each answer from now on: everything was looked at, and parts may come."""
        self._limit_s = self._settings.timeout_s
        protocol = self.usable().uaclient.protocol
        if protocol is not None:  # None where the line was lost this very moment: the next request will tell
            protocol.timeout = self._limit_s

    async def bounded(self, request: Awaitable[T], what: str) -> T:
        """Await one request; whatever goes wrong with it is `PlcRefused` or `PlcUnreachable`, or our own cancelling."""
        try:
            return await _plainly_cancelled(request)
        except asyncio.CancelledError:
            self._lost = "a request was given up"
            raise
        except UaStatusCodeError as fault:
            raise self.fault(ua.StatusCode(ua.UInt32(fault.code)), what) from fault
        except TimeoutError as fault:
            raise self.broken(f"{what}: no answer within {self._limit_s:g} s") from fault
        except OSError as fault:
            raise self.broken(f"{what}: {fault.strerror or fault}") from fault
        except (UaError, InvalidSignature, ValueError, TypeError) as fault:
            # What asyncua raises on an answer that is no proper OPC UA.
            raise self.broken(f"{what}: the answer makes no sense ({type(fault).__name__}: {fault})") from fault

    async def told(self, parameters: ua.ReadParameters) -> list[Told]:
        """Read single numbers and texts, one for each node of `parameters`."""
        protocol = self.usable().uaclient.protocol
        if protocol is None:
            raise self.broken("the PLC has closed the connection")
        answer = await self.bounded(protocol.send_request(ua.ReadRequest(Parameters=parameters)), "read")
        try:
            result, values = read_answer(bytes(answer), len(parameters.NodesToRead))
        except Malformed as fault:
            raise self.broken(f"read: the answer makes no sense: {fault}") from fault
        if result >> 30:
            raise self.fault(ua.StatusCode(ua.UInt32(result)), "read")
        return values

    def usable(self) -> Client:
        """Give the connected client, or raise."""
        if self.client is None or self._lost:
            raise PlcUnreachable(f"{self.where}: {self._lost or 'not connected'}; a new connection is a new object")
        return self.client

    def fault(self, code: ua.StatusCode, what: str) -> PlcRefused | PlcUnreachable:
        """Make the fault of a status code that is not Good."""
        if code.name in _REFUSALS:
            return PlcRefused(f"{self.where}: {what}: {_explained(code.name, self._settings)}")
        return self.broken(f"{what}: the PLC answered {code.name}")

    def broken(self, why: str) -> PlcUnreachable:
        """Mark the session as unusable and make the fault that says so."""
        self._lost = self._lost or why
        return PlcUnreachable(f"{self.where}: {why}; the connection is given up")

    async def close(self) -> None:
        """End the session politely where the PLC still answers, and the socket in any case."""
        client, self.client = self.client, None
        healthy, self._lost = not self._lost, self._lost or "closed"
        if client is None:
            return
        protocol = client.uaclient.protocol
        if protocol is not None and protocol.transport is not None and not healthy:
            # What the socket still holds is discarded: a verdict must not leave after its deadline.
            protocol.transport.abort()
        try:
            async with asyncio.timeout(self._settings.timeout_s * 2):
                await _plainly_cancelled(client.disconnect())
        except (TimeoutError, OSError, UaError) as fault:
            log.debug("%s: closing: %s", self.where, fault)
        finally:
            if protocol is not None and protocol.transport is not None:
                protocol.transport.abort()

    async def _secure(self, client: Client) -> None:
        """Encrypt to the certificate a person has trusted, or refuse before a session is asked for."""
        settings = self._settings
        security = Security(self.where, settings.name, settings.security, settings.certificates)
        endpoints = await self.bounded(client.connect_and_get_server_endpoints(), "no connection")
        policy, peer = security.choose(endpoints)
        # Making a key takes some tenths of a second, at first use: the loop has other PLCs' verdicts to send.
        certificate, key = await asyncio.to_thread(security.own, application_uri())
        theirs = uacrypto.CertProperties(peer, "der")
        secured = client.set_security(policy, certificate, key, server_certificate=theirs, mode=security.mode)
        await self.bounded(secured, "no secure channel")


async def _plainly_cancelled(request: Awaitable[T]) -> T:
    """Await a request; a cancellation comes out as `CancelledError` itself.

    Where an answer comes in the very moment its wait is cancelled, asyncua's `wait_for2` raises a subclass of it that
    carries the answer. `asyncio.timeout` of Python 3.11 does not know that for its own cancelling: the deadline of one
    request would end the whole task, and nobody would be told.
    """
    try:
        return await request
    except asyncio.CancelledError:
        raise asyncio.CancelledError from None


def _explained(name: str, settings: OpcUaSettings) -> str:
    """Say a refusal with what mends it, where that is known."""
    if name in {
        "BadSecurityChecksFailed",
        "BadCertificateUntrusted",
        "BadCertificateInvalid",
        "BadCertificateUriInvalid",
    }:
        own = settings.certificates / "own" / "client.der"
        return f"{name}: the PLC does not trust our certificate; trust {own} in the PLC"
    if name in {"BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid"}:
        return f"{name}: the PLC does not let {settings.user or 'an anonymous user'} do this; see {settings.name}.user"
    return f"the PLC answered {name}"
