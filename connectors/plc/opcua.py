"""A PLC with an OPC UA server.

`poll` is one Read of every station's P tags, prepared once: as fast as a subscription of the same interval, without
its queue, and on PLCs whose server samples at 100 ms or slower far faster (benchmarks/plc_floor.py).
"""

import asyncio
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from connectors.plc.opcua_answer import Told
from connectors.plc.opcua_browse import TagCheck
from connectors.plc.opcua_notice import Notice
from connectors.plc.opcua_session import OpcUaSession, OpcUaSettings
from connectors.plc.opcua_tags import Tag, gw_value, plc_image
from connectors.plc.port import MAP_VERSION, Finding, GwImage, PlantValue, PlcFault, PlcImage, PlcRefused

#: PassKey first: from then on nothing that stands there can pass.
_ZERO_ORDER = ("PassKey", "Verdict", "ResultSeq", "ResultHead", "QualityCode", "DefectCode", "Score", "LatencyMs")
_ZERO_REST = ("TrigAck", "GwState", "GwBootId", "GwHeartbeat", "MapVersion")
_ACCEPT = ("TrigAck", "GwState")
_PAYLOAD = ("ResultHead", "Verdict", "QualityCode", "DefectCode", "Score", "LatencyMs", "PassKey")
_BEAT = ("GwHeartbeat", "GwBootId", "GwState")


class OpcUaPlc:
    """`PlcPort` over OPC UA."""

    def __init__(self, settings: OpcUaSettings) -> None:
        self._settings = settings
        self._session = OpcUaSession(settings)
        self._p: dict[str, list[Tag]] = {}
        self._g: dict[str, dict[str, Tag]] = {}
        self._tags: dict[str, Tag] = {}
        self._poll_all = ua.ReadParameters()
        self._read_one: dict[str, ua.ReadParameters] = {}
        self._read_tags = ua.ReadParameters()
        self._notice: Notice | None = None

    async def open(self) -> None:
        """Connect, find every tag, verify type and right and the map version. Writes nothing."""
        await self._in_time(self._open())

    async def poll(self) -> Mapping[str, PlcImage]:
        """Read the P tags of all stations in one request; a station with an unreadable tag is left out (row 20)."""
        if not self._p:  # a PLC with plain tags alone; an empty Read is BadNothingToDo
            self._session.usable()
            return {}
        if self._notice is not None and self._notice.fresh():
            self._session.usable()
            images = {s: plc_image(self._p[s], told) for s, told in self._notice.values.items()}
            # GwBootId is told some time after we wrote it: an old one must not look like a second gateway.
            return {s: replace(image, gw_boot_id=None) for s, image in images.items() if image is not None}
        values = await self._session.told(self._poll_all)
        found: dict[str, PlcImage] = {}
        start = 0
        for station, tags in self._p.items():
            image = plc_image(tags, values[start : start + len(tags)])
            if image is not None:
                found[station] = image
            start += len(tags)
        return found

    async def read(self, station: str) -> PlcImage:
        """Read the P tags of one station with a request that is sent now; `PlcRefused` where one is unreadable."""
        values = await self._session.told(self._read_one[station])
        image = plc_image(self._p[station], values)
        if image is None:
            bad = next((t for t, v in zip(self._p[station], values, strict=True) if not v.good), None)
            why = f"{bad.text} has a bad status" if bad else "a tag has another type than when we connected"
            raise PlcRefused(f"{self._session.where}: {station}: {why}; its P block is unreadable")
        return image

    async def zero(self, station: str, image: GwImage) -> None:
        """Write the whole G image in one request, PassKey and Verdict first."""
        await self._write(station, _ZERO_ORDER + _ZERO_REST, image)

    async def accept(self, station: str, image: GwImage) -> None:
        """Write TrigAck and GwState."""
        await self._write(station, _ACCEPT, image)

    async def result(self, station: str, image: GwImage) -> None:
        """Write head and payload in one request, and when it is answered ResultSeq in another."""
        await self._write(station, _PAYLOAD, image)
        await self._write(station, ("ResultSeq",), image)

    async def beat(self, images: Mapping[str, GwImage]) -> None:
        """Write the heartbeats of several stations in one request."""
        await self._send([(self._tag(station, n), image) for station, image in images.items() for n in _BEAT])

    async def values(self) -> Mapping[str, PlantValue]:
        """Read the plain tags in one request."""
        if not self._tags:
            return {}
        values = await self._session.told(self._read_tags)
        return {name: _plant_value(tag, v) for (name, tag), v in zip(self._tags.items(), values, strict=True)}

    async def check(self) -> list[Finding]:
        """Connect and look at every station and tag, reporting each."""
        findings: list[Finding] = []
        name = self._settings.name

        async def tried(attempt: Awaitable[object], sentence: str) -> None:
            try:
                await self._in_time(attempt)
                findings.append(Finding(True, name, sentence))
            except PlcFault as fault:
                findings.append(Finding(False, name, str(fault)))

        try:
            await tried(self._session.connect(), f"{self._session.where} answers, security {self._settings.security}")
            if findings[0].ok:
                for station in self._settings.stations:
                    await tried(self._find_station(station), f"{station}: every tag of the contract is there")
                for tag in self._settings.values:
                    await tried(self._find_value(tag), f"tag {tag} is there")
        finally:
            await self.close()
        return findings

    async def close(self) -> None:
        """Let go within two time limits of one answer."""
        await self._session.close()

    # ---- opening ------------------------------------------------------------------------------------------------

    async def _in_time(self, work: Awaitable[object]) -> None:
        try:
            await asyncio.wait_for(work, self._settings.open_timeout_s)
        except TimeoutError:
            raise self._session.broken(f"connecting took over {self._settings.open_timeout_s:g} s") from None

    async def _open(self) -> None:
        await self._session.connect()
        for station in self._settings.stations:
            await self._find_station(station)
        for name in self._settings.values:
            await self._find_value(name)
        self._poll_all = _reading([tag for tags in self._p.values() for tag in tags])
        self._read_one = {station: _reading(tags) for station, tags in self._p.items()}
        self._read_tags = _reading(list(self._tags.values()))
        if self._settings.notice == "subscribe" and self._p:
            self._notice = Notice(self._settings)
            await self._session.bounded(self._notice.start(self._session.usable(), self._p), "no subscription")
        self._session.in_service()

    async def _find_station(self, station: str) -> None:
        check = TagCheck(self._session, f"{self._settings.name}: {station}")
        texts = self._settings.stations[station]
        self._p[station] = await check.read_tags(texts)
        if station not in self._settings.writes:
            return
        self._g[station] = await check.written_tags(texts)
        self._p[station].append(self._g[station]["GwBootId"])
        version = self._g[station]["MapVersion"]
        (value,) = await self._session.told(_reading([version]))
        if value.content not in (None, 0, MAP_VERSION):
            raise PlcRefused(
                f"{self._session.where}: {version.text} is {value.content}; wanted {MAP_VERSION}, or 0 where nothing "
                "was written yet; load the PLC program of this version (docs/plc)"
            )

    async def _find_value(self, name: str) -> None:
        check = TagCheck(self._session, f"{self._settings.name}: {name}")
        self._tags[name] = await check.number(name, self._settings.values[name])

    # ---- requests -----------------------------------------------------------------------------------------------

    async def _write(self, station: str, names: Sequence[str], image: GwImage) -> None:
        await self._send([(self._tag(station, name), image) for name in names])

    def _tag(self, station: str, name: str) -> Tag:
        if station not in self._settings.writes:
            raise PlcRefused(
                f"{self._settings.name}: {station} is not active, so nothing is written; this is our fault"
            )
        return self._g[station][name]

    async def _send(self, writes: Sequence[tuple[Tag, GwImage]]) -> None:
        client = self._session.usable()
        parameters = ua.WriteParameters()
        parameters.NodesToWrite = [
            ua.WriteValue(tag.node, ua.IntegerId(AttributeIds.Value), Value=gw_value(tag, image))
            for tag, image in writes
        ]
        codes = await self._session.bounded(client.uaclient.session.write(parameters), "write")
        if len(codes) != len(writes):
            raise self._session.broken(f"{len(codes)} answers where {len(writes)} tags were written")
        for (tag, _), code in zip(writes, codes, strict=True):
            if not code.is_good():
                raise self._session.fault(code, f"write {tag.text}")


def _reading(tags: Sequence[Tag]) -> ua.ReadParameters:
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Neither
    parameters.NodesToRead = [ua.ReadValueId(tag.node, ua.IntegerId(AttributeIds.Value)) for tag in tags]
    return parameters


def _plant_value(tag: Tag, value: Told) -> PlantValue:
    if not value.good:
        return PlantValue(None, f"{tag.text}: {ua.StatusCode(ua.UInt32(value.status)).name}")
    if not isinstance(value.content, int | float):
        return PlantValue(None, f"{tag.text}: holds no number")
    if not math.isfinite(value.content):
        return PlantValue(None, f"{tag.text}: holds {value.content}")
    return PlantValue(float(value.content))
