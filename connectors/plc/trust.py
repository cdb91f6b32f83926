"""Whose certificate is trusted: one folder, one file a certificate, and a person's word for each.

    own/client.der, own/client.pem    ours, made at first use; the key is readable by its owner alone
    own/server.der, own/server.pem    of our own server, where it shares the folder
    trusted/<fingerprint>.der         peers that a person has trusted
    rejected/<fingerprint>.der        peers that came and are not trusted

A certificate is trusted as itself, byte by byte: no authority vouches for another (OPC 10000-2, 8.1, allows both; a
line has a handful of PLCs, and pinning leaves nothing to a chain).
"""

import datetime
import hashlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OWN_YEARS = 5  #: validity of our own certificate: a plant is not visited every year
REJECTED_MAX = 50  #: files in rejected/; a peer that shows a new one each time must not fill the disk
CERTIFICATE_MAX = 20_000  #: bytes; far over any real one


class TrustError(Exception):
    """The folder, or the word that was given, does not do; one sentence."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a person compares it."""

    fingerprint: str  #: SHA-256, 64 hex digits
    subject: str
    uris: tuple[str, ...]  #: application URIs in its subject alternative name
    not_before: datetime.datetime
    not_after: datetime.datetime

    @property
    def pairs(self) -> str:
        """The fingerprint as PLC tools print it: AB:CD:..."""
        upper = self.fingerprint.upper()
        return ":".join(upper[n : n + 2] for n in range(0, len(upper), 2))


def shown(der: bytes) -> Shown:
    """Parse a certificate for a person's eyes; TrustError where it is none.

    Parameters
    ----------
    der
        One certificate, DER; anything may be in it.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string()
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = tuple(names.get_values_for_type(x509.UniformResourceIdentifier))
    except x509.ExtensionNotFound:
        uris = ()
    except ValueError as fault:
        raise TrustError(f"what was shown is not a certificate ({fault})") from None
    return Shown(
        fingerprint=hashlib.sha256(der).hexdigest(),
        # It ends up in a terminal: escape sequences in a subject must not.
        subject="".join(c if c.isprintable() else "\ufffd" for c in subject)[:200],
        uris=uris,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class TrustFolder:
    """The certificates of one side, client or server.

    Parameters
    ----------
    folder
        Made at first use.
    now
        Wall time, aware: certificates live by it.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime.datetime] = _now) -> None:
        self._folder = folder
        self._now = now

    # ---- theirs -------------------------------------------------------------------------------------------------

    def trusts(self, der: bytes) -> bool:
        """Whether a person has trusted this very certificate."""
        path = self._path("trusted", hashlib.sha256(der).hexdigest())
        return path.is_file() and path.read_bytes() == der

    def valid(self, certificate: Shown) -> bool:
        """Whether it is within its time."""
        return certificate.not_before <= self._now() <= certificate.not_after

    def days_left(self, certificate: Shown) -> float:
        """Days until it expires; negative once it has."""
        return (certificate.not_after - self._now()) / datetime.timedelta(days=1)

    def reject(self, der: bytes) -> None:
        """Keep a refused certificate for a person to look at; the oldest goes where there are too many."""
        if len(der) > CERTIFICATE_MAX:
            return
        path = self._path("rejected", hashlib.sha256(der).hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(der)
        kept = sorted(path.parent.glob("*.der"), key=lambda each: each.stat().st_mtime)
        for old in kept[:-REJECTED_MAX]:
            old.unlink(missing_ok=True)

    def rejected(self) -> list[Shown]:
        """Everything that waits for a person's word, newest last; files that are no certificate are left out."""
        return self._listed("rejected")

    def trusted(self) -> list[Shown]:
        """Everything that is trusted."""
        return self._listed("trusted")

    def accept(self, fingerprint: str) -> Shown:
        """Trust one rejected certificate.

        Parameters
        ----------
        fingerprint
            Its SHA-256 or the first 8 hex digits or more of it, with or without colons.

        Raises
        ------
        TrustError
            Where it names none or several.
        """
        wanted = fingerprint.replace(":", "").replace(" ", "").lower()
        waiting = self.rejected()
        found = [each for each in waiting if len(wanted) >= 8 and each.fingerprint.startswith(wanted)]
        if len(found) != 1:
            names = ", ".join(each.fingerprint[:16] for each in waiting) or "none"
            raise TrustError(
                f"{fingerprint}: names {len(found)} of the refused certificates; wanted 8 or more of the first digits "
                f"of one; there are: {names}"
            )
        path, trusted = (self._path(kind, found[0].fingerprint) for kind in ("rejected", "trusted"))
        trusted.parent.mkdir(parents=True, exist_ok=True)
        path.replace(trusted)
        return found[0]

    # ---- ours ---------------------------------------------------------------------------------------------------

    def own(self, application_uri: str, *, server: bool = False) -> tuple[Path, Path]:
        """Give our certificate and key files, made anew where missing, expired or made for another URI.

        Parameters
        ----------
        application_uri
            Stands in the certificate's subject alternative name, as OPC 10000-6, 6.2.2 wants it.
        server
            For a server rather than a client.

        Returns
        -------
        certificate, key
            DER and PEM; the key is of mode 0600 where the system knows modes.
        """
        folder = self._folder / "own"
        role = "server" if server else "client"
        certificate, key = folder / f"{role}.der", folder / f"{role}.pem"
        if certificate.is_file() and key.is_file():
            ours = shown(certificate.read_bytes())
            if self.valid(ours) and application_uri in ours.uris:
                return certificate, key
        folder.mkdir(parents=True, exist_ok=True)
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write_secret(
            key,
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
        made = _self_signed(private, application_uri, server, self._now())
        certificate.write_bytes(made.public_bytes(serialization.Encoding.DER))
        return certificate, key

    def _path(self, kind: str, fingerprint: str) -> Path:
        return self._folder / kind / f"{fingerprint}.der"

    def _listed(self, kind: str) -> list[Shown]:
        files = sorted((self._folder / kind).glob("*.der"), key=lambda each: each.stat().st_mtime)
        found = []
        for path in files:
            try:
                found.append(shown(path.read_bytes()))
            except TrustError:
                continue  # somebody's stray file: it can neither be trusted nor do harm
        return found


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that was never readable by others, not even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _self_signed(
    private: rsa.RSAPrivateKey, application_uri: str, server: bool, now: datetime.datetime
) -> x509.Certificate:
    """Make an application instance certificate with the fields of OPC 10000-6, 6.2.2, table 44."""
    host = socket.gethostname()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"wheeltapper on {host}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "wheeltapper"),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    role = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(application_uri), x509.DNSName(host)])
    key_id = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # A PLC's clock may be behind ours by a time zone.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * OWN_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([role]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(key_id, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .sign(private, hashes.SHA256())
    )
