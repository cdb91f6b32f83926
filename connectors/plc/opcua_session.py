"""One OPC UA session with a PLC: certificates, time limits, and asyncua's many errors as the port's two.

asyncua's own reconnecting is not used: a Client that has lost packets can hang for ever when it is used again, and a
write that was given up must die with its connection. A session that broke stays broken; the next one is a new object.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies, uacrypto
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from connectors.plc.opcua_answer import Malformed, Told, read_answer
from connectors.plc.port import PlcRefused, PlcUnreachable
from connectors.plc.trust import Shown, TrustError, TrustFolder, shown

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Strongest first. Basic256 and Basic128Rsa15 rest on SHA-1 and are deprecated by OPC 10000-7; they are never taken.
_POLICIES: tuple[type[security_policies.SecurityPolicy], ...] = (
    security_policies.SecurityPolicyAes256Sha256RsaPss,
    security_policies.SecurityPolicyBasic256Sha256,
    security_policies.SecurityPolicyAes128Sha256RsaOaep,
)
_MODES = {"Sign": ua.MessageSecurityMode.Sign, "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt}
#: A crashed gateway's session is gone after this long: small PLCs grant few, asyncua would ask for an hour.
_SESSION_MS = 30_000
_WARN_DAYS = 30

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
        #: A small PLC computes for a second on the RSA of a new session; only then do its answers come fast.
        self._limit_s = settings.open_timeout_s

    async def connect(self) -> None:
        """Connect; each step may take `open_timeout_s`, since whoever opens bounds the whole."""
        if self._lost or self.client is not None:
            raise PlcUnreachable(f"{self.where}: {self._lost or 'in use'}; a new connection is a new object")
        settings = self._settings
        self._no_password_in_clear()
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
        protocol = client.uaclient.protocol
        if protocol is not None:  # None where the line was lost this very moment: the next request will tell
            self._limit_s = protocol.timeout = settings.timeout_s
        self.namespaces = [str(uri) for uri in await self.bounded(client.get_namespace_array(), "no namespaces")]

    async def bounded(self, request: Awaitable[T], what: str) -> T:
        """Await one request; whatever goes wrong with it is `PlcRefused` or `PlcUnreachable`, or our own cancelling."""
        try:
            return await request
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
                await client.disconnect()
        except (TimeoutError, OSError, UaError) as fault:
            log.debug("%s: closing: %s", self.where, fault)
        finally:
            if protocol is not None and protocol.transport is not None:
                protocol.transport.abort()

    # ---- security -----------------------------------------------------------------------------------------------

    async def _secure(self, client: Client) -> None:
        """Choose an endpoint, check its certificate against the trust folder, and encrypt to that certificate."""
        settings = self._settings
        mode = _MODES[settings.security]
        endpoints = await self.bounded(client.connect_and_get_server_endpoints(), "no connection")
        policy, endpoint = self._endpoint(endpoints, mode)
        peer = self._trusted(endpoint)
        folder = TrustFolder(settings.certificates)
        try:
            certificate, key = folder.own(application_uri())
            self._warn_of_expiry("our own certificate", shown(certificate.read_bytes()))
        except (OSError, TrustError) as fault:
            raise PlcRefused(f"{settings.name}.certificates: {settings.certificates}: {fault}") from None
        await self.bounded(
            client.set_security(
                policy, certificate, key, server_certificate=uacrypto.CertProperties(peer, "der"), mode=mode
            ),
            "no secure channel",
        )

    def _endpoint(
        self, endpoints: list[ua.EndpointDescription], mode: ua.MessageSecurityMode
    ) -> tuple[type[security_policies.SecurityPolicy], ua.EndpointDescription]:
        for policy in _POLICIES:
            for endpoint in endpoints:
                if endpoint.SecurityMode == mode and endpoint.SecurityPolicyUri == policy.URI:
                    return policy, endpoint
        offered = sorted({f"{str(e.SecurityPolicyUri).rpartition('#')[2]} {e.SecurityMode.name}" for e in endpoints})
        raise PlcRefused(
            f"{self._settings.name}.security: the PLC offers {', '.join(offered) or 'nothing'}; wanted {mode.name} "
            "with Basic256Sha256 or newer; switch it on in the PLC's OPC UA server"
        )

    def _trusted(self, endpoint: ua.EndpointDescription) -> bytes:
        """Give the PLC's certificate if a person has trusted it; otherwise keep it for one, and refuse."""
        settings = self._settings
        folder = TrustFolder(settings.certificates)
        chain = endpoint.ServerCertificate or b""
        # A server may append its issuers: the first certificate is its own (OPC 10000-6, 6.2.6).
        der = bytes(chain[: int.from_bytes(chain[2:4], "big") + 4])
        try:
            certificate = shown(der)
            if not folder.trusts(der):
                folder.reject(der)
                raise PlcRefused(
                    f"{self.where}: its certificate is not trusted: {certificate.subject}, SHA-256 "
                    f"{certificate.pairs}; "
                    "compare it with the PLC's own display, then: wheeltapper trust SITE.toml "
                    f"--accept {certificate.fingerprint[:16]}"
                )
        except (OSError, TrustError) as fault:
            raise PlcRefused(f"{self.where}: {fault}") from None
        if not folder.valid(certificate):
            raise PlcRefused(
                f"{self.where}: its certificate is valid from {certificate.not_before:%Y-%m-%d} to "
                f"{certificate.not_after:%Y-%m-%d}, not now; renew it on the PLC, or set the clocks"
            )
        if endpoint.Server.ApplicationUri not in certificate.uris:
            raise PlcRefused(
                f"{self.where}: calls itself {endpoint.Server.ApplicationUri}, its certificate says "
                f"{', '.join(certificate.uris) or 'nothing'}; renew the certificate on the PLC"
            )
        self._warn_of_expiry("the PLC's certificate", certificate)
        return der

    def _warn_of_expiry(self, whose: str, certificate: Shown) -> None:
        left = TrustFolder(self._settings.certificates).days_left(certificate)
        if left < _WARN_DAYS:
            log.warning("%s: %s expires in %.0f days; renew it before, and trust the new one", self.where, whose, left)

    def _no_password_in_clear(self) -> None:
        settings = self._settings
        host = urlsplit(settings.url).hostname or ""
        try:
            loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if settings.password and settings.security != "SignAndEncrypt" and not loopback:
            raise PlcRefused(
                f"{settings.name}.security: found {settings.security!r}; the password would cross the network in "
                'clear; wanted "SignAndEncrypt"'
            )


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
