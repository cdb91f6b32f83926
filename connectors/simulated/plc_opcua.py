"""A PLC with an OPC UA server: the contract's tags of its stations and plain tags beside them."""

import asyncio
import contextlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.common.callback import CallbackType, ServerItemCallback
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.attribute_ids import AttributeIds

from connectors.plc.opcua_tags import G_TAGS, P_TAGS, TYPES, contract_tags
from connectors.plc.port import GwImage, PlcImage
from connectors.plc.trust import TrustFolder
from connectors.simulated.plc_stations import PlcStations

NAMESPACE = "urn:wheeltapper:handshake:1"
_POLICIES = {
    "None": [ua.SecurityPolicyType.NoSecurity],
    "Sign": [ua.SecurityPolicyType.Basic256Sha256_Sign],
    "SignAndEncrypt": [
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
        ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
    ],
}


@dataclass(frozen=True, slots=True)
class OpcUaPlcPlan:
    """What kind of server this PLC has.

    Parameters
    ----------
    values
        Plain tags and what they hold first; a bool makes a Boolean, a float a Double.
    security
        ``None``, ``Sign`` or ``SignAndEncrypt``; all but the first need `certificates`.
    users
        User name -> password; empty lets anybody in.
    signed
        Declare every word as INT rather than UINT, as Logix and Schneider do.
    kinds
        Tags (``ring.TrigSeq``) declared as another type than the contract's.
    left_out
        Tags that this PLC does not have.
    read_only
        Tags that nobody but the PLC may write, though the contract wants it.
    """

    values: Mapping[str, float | bool] = field(default_factory=dict)
    security: str = "None"
    certificates: Path | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    signed: bool = False
    kinds: Mapping[str, ua.VariantType] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    port: int = 0


def simulated_tags(station: str) -> dict[str, str]:
    """Give the node ids of a station's tags in this PLC."""
    return contract_tags(f"nsu={NAMESPACE};s={station}.")


class _Users(UserManager):
    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        if not self._users:
            return User(role=UserRole.User)
        wanted = self._users.get(username or "")
        known = wanted is not None and hmac.compare_digest(wanted.encode(), (password or "").encode())
        return User(role=UserRole.User, name=username) if known else None


class OpcUaServingPlc:
    """A PLC with an OPC UA server; implements `SimulatedPlc`."""

    def __init__(self, stations: PlcStations, plan: OpcUaPlcPlan | None = None) -> None:
        self.stations = stations
        self.plan = plan or OpcUaPlcPlan()
        self.writes: list[tuple[str, tuple[str, ...]]] = []  #: the last 1,000 write requests: station, names in order
        self._server: Server | None = None
        self._index = 0
        self._bad: dict[str, ua.StatusCode] = {}
        self._kinds: dict[str, ua.VariantType] = {}
        self._nodes: dict[str, ua.NodeId] = {}
        self._names: dict[ua.NodeId, tuple[str, str]] = {}
        self._scanning: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Serve on loopback and scan; returns the endpoint's address."""
        server = Server(user_manager=_Users(self.plan.users))
        self._server = server
        await server.init()
        server.iserver.allow_remote_admin = False
        await server.set_application_uri("urn:wheeltapper:simulated-plc")
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.plan.port}/plc")
        server.set_security_policy(_POLICIES[self.plan.security])
        if self.plan.security != "None":
            assert self.plan.certificates is not None
            certificate, key = TrustFolder(self.plan.certificates).own("urn:wheeltapper:simulated-plc", server=True)
            await server.load_certificate(certificate)
            await server.load_private_key(key)
        self._index = await server.register_namespace(NAMESPACE)
        for station in self.stations.programs:
            await self._add_station(server, station)
        for name, value in self.plan.values.items():
            kind = ua.VariantType.Boolean if isinstance(value, bool) else ua.VariantType.Double
            await self._add(server, server.nodes.objects, name, kind, value)
        server.subscribe_server_callback(CallbackType.PostWrite, self._written)
        await server.start()
        self._scanning = asyncio.create_task(self.stations.run(self._publish), name="simulated PLC scan")
        assert server.bserver is not None
        listening = server.bserver._server  # asyncua does not tell the port it was given
        assert isinstance(listening, asyncio.Server)
        port = listening.sockets[0].getsockname()[1]
        return f"opc.tcp://127.0.0.1:{port}/plc"

    async def set_value(self, name: str, value: float) -> None:
        """Give a plain tag a new value."""
        await self._put(name, bool(value) if self._kinds[name] is ua.VariantType.Boolean else value)

    async def spoil(self, tag: str, status: int | None) -> None:
        """Let a tag (``ring.TrigSeq`` or a plain one) have a bad or uncertain status; None mends it."""
        self._bad.pop(tag, None)
        if status is not None:
            self._bad[tag] = ua.StatusCode(ua.UInt32(status))
        station, _, name = tag.rpartition(".")
        await self._put(tag, getattr(self.stations.p[station], P_TAGS[name]) if station else 0)

    async def retype(self, tag: str, kind: ua.VariantType) -> None:
        """Let a tag change its type under a living connection, as a download to the PLC does."""
        assert self._server is not None
        self._kinds[tag] = kind
        empty = ua.DataValue(ua.Variant("" if kind is ua.VariantType.String else 0, kind))
        # asyncua keeps the type of a value that is there; a tag with a callback has none, and takes any.
        self._server.set_attribute_value_callback(self._nodes[tag], lambda node, attribute: empty)
        await self._server.write_attribute_value(self._nodes[tag], empty)

    async def stop(self) -> None:
        """Be gone."""
        if self._scanning is not None:
            self._scanning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._scanning
        if self._server is not None:
            await self._server.stop()

    # ---- the address space --------------------------------------------------------------------------------------

    async def _add_station(self, server: Server, station: str) -> None:
        folder = await server.nodes.objects.add_object(
            ua.NodeId(ua.String(station), ua.Int16(self._index)), ua.QualifiedName(station, ua.UInt16(self._index))
        )
        word = ua.VariantType.Int16 if self.plan.signed else ua.VariantType.UInt16
        for name in (*P_TAGS, *G_TAGS):
            tag = f"{station}.{name}"
            if tag in self.plan.left_out:
                continue
            kind = self.plan.kinds.get(tag, TYPES[name][0] if name in TYPES else word)
            first = "" if kind is ua.VariantType.String else 0
            node = await self._add(server, folder, tag, kind, first)
            if name in G_TAGS and tag not in self.plan.read_only:
                await node.set_writable()

    async def _add(self, server: Server, parent: Node, tag: str, kind: ua.VariantType, value: object) -> Node:
        at = ua.NodeId(ua.String(tag), ua.Int16(self._index))
        browse = ua.QualifiedName(tag.rpartition(".")[2], ua.UInt16(self._index))
        node: Node = await parent.add_variable(at, browse, ua.Variant(value, kind))
        self._nodes[tag] = at
        self._kinds[tag] = kind
        station, _, name = tag.rpartition(".")
        self._names[at] = (station, name)
        return node

    async def _publish(self, station: str, image: PlcImage) -> None:
        """Put what changed into the server, in the order the contract writes it: TrigSeq last."""
        for name, attribute in P_TAGS.items():
            tag = f"{station}.{name}"
            if tag in self._nodes:
                await self._put(tag, getattr(image, attribute), changed_only=True)

    async def _put(self, tag: str, value: object, *, changed_only: bool = False) -> None:
        assert self._server is not None
        kind = self._kinds[tag]
        if kind is ua.VariantType.Int16 and isinstance(value, int) and value > 0x7FFF:
            value -= 0x10000
        if kind is ua.VariantType.String or not isinstance(value, str):
            new = ua.DataValue(ua.Variant(value, kind), self._bad.get(tag, ua.StatusCode()))
            if changed_only and self._server.read_attribute_value(self._nodes[tag]).Value == new.Value:
                return
            await self._server.write_attribute_value(self._nodes[tag], new)

    async def _written(self, event: ServerItemCallback, dispatcher: object) -> None:
        """Take a client's write into the G image the next scan reads; one request changes it as one."""
        if not event.is_external:
            return
        changes: dict[str, dict[str, Any]] = {}
        for write, code in zip(event.request_params.NodesToWrite, event.response_params, strict=True):
            station, name = self._names.get(write.NodeId, ("", ""))
            if station and name in G_TAGS and code.is_good() and write.AttributeId == AttributeIds.Value:
                content = write.Value.Value.Value
                changes.setdefault(station, {})[name] = content & 0xFFFF if isinstance(content, int) else content
        for station, named in changes.items():
            fields = {G_TAGS[name]: content for name, content in named.items()}
            self.stations.g[station] = replace(self.stations.g.get(station, GwImage()), **fields)
            self.writes.append((station, tuple(named)))
        del self.writes[:-1000]
