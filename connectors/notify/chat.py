"""Chat, SMS and the rest through Apprise, which speaks to some 170 services by an address each.

It answers yes or no and not why, and few of its services know a repetition: a message whose answer was lost is sent
again, twice rather than never. Its addresses hold secrets and are never shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.notify.http import AUTH_S, Secret
from connectors.notify.port import Act, Finding, Later, Notice, NotifyFault, Outcome, Told


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Where it goes."""

    urls: Secret  #: addresses, separated by blanks


class Chat:
    """Sends through Apprise."""

    acts = frozenset(Act) - {Act.ACKNOWLEDGED}
    refresh_s: float | None = None

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings

    def check(self) -> Sequence[Finding]:
        """Read the addresses; nothing can be asked without telling somebody."""
        try:
            count = len(self._open())
        except NotifyFault as fault:
            return (Finding(False, str(fault)),)
        return (Finding(True, f"{count} address{'es' * (count != 1)} understood; not tried, nobody was told"),)

    def send(self, notice: Notice) -> Outcome:
        """Tell it to every address."""
        from apprise import NotifyType

        try:
            services = self._open()
        except NotifyFault as fault:
            return Later(AUTH_S, str(fault))
        kind = NotifyType.FAILURE if notice.severity == "critical" else NotifyType.WARNING
        if notice.act is Act.RESOLVED:
            kind = NotifyType.SUCCESS
        title = notice.title if notice.act is Act.RAISED else f"[{notice.act}] {notice.title}"
        text = notice.text + (f"\n{notice.page}" if notice.page else "")
        taken = services.notify(body=text, title=title, notify_type=kind)
        return Told("taken") if taken else Later(0.0, "one of its services did not take it")

    def _open(self) -> Any:  # noqa: ANN401  # Apprise's own object
        # Half a second of imports, for sites that have such a channel.
        from apprise import Apprise

        services = Apprise()
        for number, url in enumerate(self._settings.urls().split(), start=1):
            if not services.add(url):
                raise NotifyFault(
                    f"address {number} is not one that Apprise understands (not shown, it may hold a secret)"
                )
        if not len(services):
            raise NotifyFault("holds no address")
        return services
