"""The subscription as another way of noticing a trigger, for PLCs where reading is dear.

The P tags are monitored; the last told value of each stands in for a read. It is never the only witness of life: when
nothing was told for a while, `poll` reads, so a dead line is found as by polling.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import StatusCodes

from connectors.plc.opcua_answer import Told
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.opcua_tags import Tag

log = logging.getLogger(__name__)

#: A PLC's heartbeat changes every 100..250 ms: silence for longer is looked into by a read.
_SILENCE_S = 0.4
#: Above this a trigger may be noticed too late for a deadline of half a second.
_REVISED_MS_MAX = 50.0
_QUEUE = 10  #: values the server keeps a tag between two publishings; its own choice is usually one


class Notice:
    """Last told value of every P tag.

    Attributes
    ----------
    values
        Per station, in the order of its tags.
    """

    def __init__(self, settings: OpcUaSettings) -> None:
        self.values: dict[str, list[Told]] = {}
        self._settings = settings
        self._told_at = 0.0
        self._at: dict[ua.NodeId, tuple[str, int]] = {}

    async def start(self, client: Client, tags: Mapping[str, Sequence[Tag]]) -> None:
        """Subscribe to every tag; raises what asyncua raises."""
        settings = self._settings
        unknown = Told(ua.VariantType.Null, None, StatusCodes.BadWaitingForInitialData)
        for station, of_station in tags.items():
            self.values[station] = [unknown] * len(of_station)
            self._at.update({tag.node: (station, n) for n, tag in enumerate(of_station)})
        subscription = await client.create_subscription(settings.publish_ms, self)
        revised = subscription.parameters.RequestedPublishingInterval
        if revised > _REVISED_MS_MAX:
            log.warning(
                "%s: the PLC publishes every %g ms where %g were asked; notice = 'poll' is faster",
                settings.name,
                revised,
                settings.publish_ms,
            )
        nodes = [client.get_node(node) for node in self._at]
        await subscription.subscribe_data_change(
            nodes, queuesize=_QUEUE, sampling_interval=ua.Double(settings.publish_ms)
        )

    def datachange_notification(self, node: object, value: object, data: object) -> None:
        """Take one told value; called by asyncua, in the order the PLC told them."""
        station, n = self._at[node.nodeid]  # type: ignore[attr-defined]  # asyncua's Node
        self.values[station][n] = _told(data.monitored_item.Value)  # type: ignore[attr-defined]
        self._told_at = asyncio.get_running_loop().time()

    def fresh(self) -> bool:
        """Whether something was told lately, so that nothing needs to be read."""
        return asyncio.get_running_loop().time() - self._told_at < _SILENCE_S


def _told(value: ua.DataValue) -> Told:
    """Take over a single number or text; anything else has no content and another kind than the tag's."""
    variant, status = value.Value, value.StatusCode.value if value.StatusCode is not None else 0
    if variant is None or not isinstance(variant.Value, bool | int | float | str | None):
        return Told(ua.VariantType.Null, None, status)
    return Told(variant.VariantType, variant.Value, status)
