"""Which connector serves which settings: a new channel is one file beside this one, and one line here."""

from collections.abc import Callable
from typing import Any, Final

from connectors.notify.alertmanager import Alertmanager
from connectors.notify.chat import Chat, ChatSettings
from connectors.notify.http import HttpSettings
from connectors.notify.mail import Mail, MailSettings
from connectors.notify.pagerduty import PagerDuty, PagerDutySettings
from connectors.notify.port import NotifyPort
from connectors.notify.webhook import Webhook, WebhookSettings

NotifySettings = PagerDutySettings | WebhookSettings | HttpSettings | MailSettings | ChatSettings

KINDS: Final[dict[type, Callable[[Any], NotifyPort]]] = {
    PagerDutySettings: PagerDuty,
    WebhookSettings: Webhook,
    HttpSettings: Alertmanager,
    MailSettings: Mail,
    ChatSettings: Chat,
}


def open_channel(settings: NotifySettings) -> NotifyPort:
    """Make the connector for these settings. Nothing is sent yet.

    Raises
    ------
    ValueError
        If a file the settings name cannot be read.
    """
    return KINDS[type(settings)](settings)
