"""Who may be spoken to over OPC UA, and how: endpoints, certificates, passwords."""

import ipaddress
import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.crypto import security_policies

from connectors.plc.port import PlcRefused
from connectors.plc.trust import Shown, TrustError, TrustFolder, shown

log = logging.getLogger(__name__)
Policy = type[security_policies.SecurityPolicy]

#: Strongest first. Basic256 and Basic128Rsa15 rest on SHA-1 and are deprecated by OPC 10000-7; they are never taken.
_POLICIES: tuple[Policy, ...] = (
    security_policies.SecurityPolicyAes256Sha256RsaPss,
    security_policies.SecurityPolicyBasic256Sha256,
    security_policies.SecurityPolicyAes128Sha256RsaOaep,
)
_MODES = {"Sign": ua.MessageSecurityMode.Sign, "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt}
_WARN_DAYS = 30


class Security:
    """The security of one connection.

    Parameters
    ----------
    where, name
        How its sentences begin: the PLC, and its path in the site file.
    security
        ``Sign`` or ``SignAndEncrypt``.
    certificates
        Folder of `connectors.plc.trust.TrustFolder`.
    """

    def __init__(self, where: str, name: str, security: str, certificates: Path) -> None:
        self.mode = _MODES[security]
        self._where = where
        self._name = name
        self._certificates = certificates
        self._folder = TrustFolder(certificates)

    def choose(self, endpoints: Sequence[ua.EndpointDescription]) -> tuple[Policy, bytes]:
        """Choose the strongest policy of an endpoint, and give its certificate if a person has trusted it."""
        for policy in _POLICIES:
            for endpoint in endpoints:
                if endpoint.SecurityMode == self.mode and endpoint.SecurityPolicyUri == policy.URI:
                    return policy, self._trusted(endpoint)
        # asyncua calls the mode None "None_", since Python keeps that word for itself.
        offered = sorted(
            {f"{str(e.SecurityPolicyUri).rpartition('#')[2]} {e.SecurityMode.name.rstrip('_')}" for e in endpoints}
        )
        raise PlcRefused(
            f"{self._name}.security: the PLC offers {', '.join(offered) or 'nothing'}; wanted {self.mode.name} with "
            "Basic256Sha256 or newer; switch it on in the PLC's OPC UA server"
        )

    def own(self, application_uri: str) -> tuple[Path, Path]:
        """Give the files of our certificate and key, made at first use."""
        try:
            certificate, key = self._folder.own(application_uri)
            self._warn_of_expiry("our own certificate", shown(certificate.read_bytes()))
        except (OSError, TrustError) as fault:
            raise PlcRefused(f"{self._name}.certificates: {self._certificates}: {fault}") from None
        return certificate, key

    def _trusted(self, endpoint: ua.EndpointDescription) -> bytes:
        """Give the PLC's certificate if a person has trusted it; otherwise keep it for one, and refuse."""
        chain = endpoint.ServerCertificate or b""
        # A server may append its issuers: the first certificate is its own (OPC 10000-6, 6.2.6).
        der = bytes(chain[: int.from_bytes(chain[2:4], "big") + 4])
        try:
            certificate = shown(der)
            trusted = self._folder.trusts(der)
            if not trusted:
                self._folder.reject(der)
        except (OSError, TrustError) as fault:
            raise PlcRefused(f"{self._where}: {fault}") from None
        if not trusted:
            raise PlcRefused(
                f"{self._where}: its certificate is not trusted: {certificate.subject}, SHA-256 {certificate.pairs}; "
                "compare it with the PLC's own display, then: wheeltapper trust SITE.toml "
                f"--accept {certificate.fingerprint[:16]}"
            )
        if not self._folder.valid(certificate):
            raise PlcRefused(
                f"{self._where}: its certificate is valid from {certificate.not_before:%Y-%m-%d} to "
                f"{certificate.not_after:%Y-%m-%d}, not now; renew it on the PLC, or set the clocks"
            )
        if endpoint.Server.ApplicationUri not in certificate.uris:
            raise PlcRefused(
                f"{self._where}: calls itself {endpoint.Server.ApplicationUri}, its certificate says "
                f"{', '.join(certificate.uris) or 'nothing'}; renew the certificate on the PLC"
            )
        self._warn_of_expiry("the PLC's certificate", certificate)
        return der

    def _warn_of_expiry(self, whose: str, certificate: Shown) -> None:
        left = self._folder.days_left(certificate)
        if left < _WARN_DAYS:
            log.warning("%s: %s expires in %.0f days; renew it before, and trust the new one", self._where, whose, left)


def refuse_password_in_clear(name: str, url: str, security: str, password: str) -> None:
    """Refuse to send a password where others could read it; loopback is nobody else's."""
    host = urlsplit(url).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if password and security != "SignAndEncrypt" and not loopback:
        raise PlcRefused(
            f"{name}.security: found {security!r}; the password would cross the network in clear; "
            'wanted "SignAndEncrypt"'
        )
