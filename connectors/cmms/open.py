"""Which connector serves which settings: a new CMMS is one file beside this one, and one line here."""

from collections.abc import Callable
from typing import Any, Final

from connectors.cmms.maximo import Maximo, MaximoSettings
from connectors.cmms.port import CmmsPort

KINDS: Final[dict[type, Callable[[Any], CmmsPort]]] = {
    MaximoSettings: Maximo,
}


def open_cmms(settings: object) -> CmmsPort:
    """Make the connector for these settings. Nothing is sent yet.

    Raises
    ------
    ValueError
        If a file the settings name cannot be read.
    """
    return KINDS[type(settings)](settings)
