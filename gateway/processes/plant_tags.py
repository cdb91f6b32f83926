"""Which of the plant's plain tags the ledger hears of: after a change, and often enough for one that was restarted."""

from collections.abc import Mapping

from connectors.plc.port import PlantValue
from gateway.processes.ledger_messages import PlantTags

#: Before the name of a tag that rules of incidents look at, as "[[witness]] oil"; no station's name begins so.
FOR_ALERTS = "[["
AGAIN_S = 5.0
OLD_S = 60.0  #: not heard of for so long, as when the PLC's link is down: nobody knows


def tag_name(kind: str, rule: str) -> str:
    """Name the tag of a rule as people know the rule: it stands so in a sentence where the PLC has no such tag."""
    return f"{FOR_ALERTS}{kind}]] {rule}"


class AlertTags:
    """Remembers what was said of them last."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float | bool | None, float]] = {}  # value, when it was said

    def take(self, values: Mapping[str, PlantValue], now: float) -> PlantTags | None:
        """Take what one PLC said; gives what the ledger is to hear, or None where it is nothing new."""
        found = {name: said.value for name, said in values.items() if name.startswith(FOR_ALERTS)}
        if not any(self._due(name, value, now) for name, value in found.items()):
            return None
        self._said.update({name: (value, now) for name, value in found.items()})
        return PlantTags(found)

    def _due(self, name: str, value: float | bool | None, now: float) -> bool:
        before, at = self._said.get(name, (None, float("-inf")))
        return value != before or now - at >= AGAIN_S
