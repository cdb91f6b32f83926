"""E-mail over SMTP (RFC 5321): one thread an incident, the same Message-ID on every attempt, so repetitions fold."""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from connectors.notify.http import AUTH_S, Secret, trust
from connectors.notify.port import Act, Finding, Later, Notice, NotifyFault, Outcome, Refused, Told

WHY_MAX = 160


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server, and to whom it goes."""

    host: str
    port: int
    security: str  #: starttls | tls | none
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: Secret | None = None
    timeout_s: float = 20.0
    ca_file: str = ""


class Mail:
    """Sends e-mail.

    Raises
    ------
    ValueError
        If the certificate file cannot be read.
    """

    acts = frozenset(Act) - {Act.ACKNOWLEDGED}
    refresh_s: float | None = None

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._tls = trust(settings.ca_file) if settings.security != "none" else None

    def check(self) -> Sequence[Finding]:
        """Log in and go."""
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            with self._line() as line:
                line.noop()
        except (smtplib.SMTPException, OSError, NotifyFault) as error:
            return (Finding(False, f"{where}: {_said(error)}"),)
        return (Finding(True, f"{where} takes mail from {self._settings.sender}"),)

    def send(self, notice: Notice) -> Outcome:
        """Hand it over."""
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            with self._line() as line:
                refused = line.send_message(self._message(notice), self._settings.sender, list(self._settings.to))
        except (smtplib.SMTPAuthenticationError, NotifyFault) as error:
            return Later(AUTH_S, f"{where}: {_said(error)}; messages are kept until the login is mended")
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if any(code < 500 for code in codes):
                return Later(0.0, f"{where} takes none of the receivers now ({codes[0]})")
            return Refused(f"{where} knows none of the receivers ({codes[0]})")
        except smtplib.SMTPResponseException as error:
            # RFC 5321, 4.2.1: 4yz may do another time, 5yz never will.
            said = f"{where}: {_said(error)}"
            return Refused(said) if error.smtp_code >= 500 else Later(0.0, said)
        except (smtplib.SMTPException, OSError) as error:
            return Later(0.0, f"{where}: {_said(error)}")
        missing = f", not for {', '.join(sorted(refused))}" if refused else ""
        return Told(f"{where} took it{missing}")

    def _line(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=settings.timeout_s, context=self._tls
            )
        else:
            line = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
        try:
            if settings.security == "starttls":
                line.starttls(context=self._tls)
            if settings.user and settings.password is not None:
                line.login(settings.user, settings.password())
        except BaseException:
            line.close()
            raise
        return line

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        domain = self._settings.sender.rsplit("@", 1)[-1]
        first = f"<{notice.key}.{Act.RAISED}@{domain}>"
        message["From"], message["To"] = self._settings.sender, ", ".join(self._settings.to)
        message["Subject"] = _one_line(("" if notice.act is Act.RAISED else f"[{notice.act}] ") + notice.title)
        message["Date"] = format_datetime(datetime.fromisoformat(notice.raised_at))
        message["Message-ID"] = f"<{notice.key}.{notice.act}@{domain}>"
        if notice.act is not Act.RAISED:
            message["References"] = message["In-Reply-To"] = first
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers this
        message["Importance"] = "high" if notice.severity == "critical" else "normal"
        message["X-Wheeltapper-Incident"] = _one_line(notice.key)
        message.set_content(notice.text + (f"\n\n{notice.page}" if notice.page else "") + "\n")
        return message


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _said(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {_one_line(str(said))[:WHY_MAX]}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; give its authority as ca_file"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:WHY_MAX]
