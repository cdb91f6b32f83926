"""The gateway's own OPC UA server: everybody who is trusted may read, nobody may write a node.

Incidents are alarms and conditions; where the site file allows it, people with a name acknowledge and shelve them.

asyncua's defaults are for trying out (any password makes an "admin", every policy and any certificate is accepted,
limits are in the thousands); what is set here closes each of them. docs/scada.md lists them.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.user_managers import UserManager
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.plc.trust import TrustFolder, shown
from gateway.processes.ledger_messages import CommandAnswer
from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.address_space import NAMESPACE, AddressSpace, Node
from gateway.serve.conditions import Conditions
from gateway.serve.conditions_event import Told
from gateway.serve.conditions_methods import Methods
from gateway.serve.gateway_tags import gateway_tags
from gateway.serve.opcua_internal import GatewayServer
from gateway.serve.operators import Operators
from gateway.serve.plan import OpcUaServerPlan
from gateway.serve.tag import Reading, Status, Tag

log = logging.getLogger(__name__)

APPLICATION_URI = "urn:wheeltapper:gateway"
_POLICIES = {
    "None": [ua.SecurityPolicyType.NoSecurity],
    "Sign": [ua.SecurityPolicyType.Basic256Sha256_Sign, ua.SecurityPolicyType.Aes256Sha256RsaPss_Sign],
    "SignAndEncrypt": [
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
        ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
    ],
}
MESSAGE_MAX = 4 * 1024 * 1024
#: Services a reader needs no part of: who asks for one is told BadUserAccessDenied at the door.
_REFUSED = (
    ua.ObjectIds.WriteRequest_Encoding_DefaultBinary,
    ua.ObjectIds.HistoryReadRequest_Encoding_DefaultBinary,
)


class _ReadOnly(SimpleRoleRuleset):
    """The rules of a reader, for everybody: there is no administrator."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # asyncua's is without annotations
        readable = self._permission_dict[UserRole.User] - {ua.NodeId(ua.Int32(service)) for service in _REFUSED}
        self._permission_dict = dict.fromkeys(UserRole, readable)


class _Readers(UserManager):
    """Everybody is a reader; whoever gives a name must be known by it."""

    def __init__(self, operators: Operators | None) -> None:
        self._operators = operators

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        if username is None:
            return User(role=UserRole.User)
        known = self._operators is not None and self._operators.knows(username, password or "")
        return User(role=UserRole.User, name=username) if known else None


class OpcUaServer:
    """Publishes snapshots as tags.

    Parameters
    ----------
    plan
        Address and security.
    stations
        Name and tags of each, in the order of the site file.
    operators
        Who may acknowledge and shelve; None where nobody may.
    """

    def __init__(
        self,
        plan: OpcUaServerPlan,
        stations: Sequence[tuple[str, Sequence[Tag]]],
        operators: Operators | None = None,
    ) -> None:
        self._plan = plan
        self._stations = stations
        self._operators = operators
        self._methods = Methods(operators)
        self._inner = GatewayServer(_Readers(operators), self._methods.call)
        self._server = Server(iserver=self._inner)
        self._conditions: Conditions | None = None
        self._nodes: list[tuple[str, Node]] = []
        self._last: dict[ua.NodeId, Reading] = {}
        self._trust = TrustFolder(Path(plan.certificates))

    async def start(self) -> str:
        """Build every node and listen; returns the URL with the port that was bound. OSError where it is taken."""
        server = self._server
        await server.init()
        self._limit()
        server.set_endpoint(self._plan.url)
        server.set_server_name("wheeltapper")
        await server.set_application_uri(APPLICATION_URI)
        server.set_security_policy(_POLICIES[self._plan.security], permission_ruleset=_ReadOnly())
        named = [ua.UserNameIdentityToken] if self._operators is not None else []
        server.set_identity_tokens([ua.AnonymousIdentityToken, *named])
        if self._plan.security != "None":
            certificate, key = self._trust.own(APPLICATION_URI, server=True)
            await server.load_certificate(certificate)
            await server.load_private_key(key)
            server.set_certificate_validator(self._validate)
        namespace = await server.register_namespace(NAMESPACE)
        space = AddressSpace(server, namespace, self._plan.line)
        for name, tags in (("", gateway_tags()), *self._stations):
            self._nodes += [(name, node) for node in await space.station(name, tags)]
        self._conditions = self._methods.conditions = Conditions(namespace, self._plan.line)
        await server.nodes.server.set_event_notifier([ua.EventNotifier.SubscribeToEvents])
        server.subscribe_server_callback(CallbackType.PreWrite, _veto)
        await server.start()
        assert server.bserver is not None
        return self._plan.url.replace(":0", f":{server.bserver.port}", 1)

    async def publish(self, snapshot: Snapshot) -> None:
        """Write what changed, with its status and source time."""
        at = datetime.fromisoformat(snapshot.wall)
        views = {view.name: view for view in snapshot.stations}
        for name, node in self._nodes:
            view = views.get(name) or StationView(name, "", None)
            await self._write(node, node.tag.read(snapshot, view), at)
        if self._conditions is not None:
            await self._tell(self._conditions.publish(snapshot))

    async def go_stale(self) -> None:
        """Let no tag go on looking good: main is silent."""
        for _, node in self._nodes:
            last = self._last.get(node.id)
            if last is not None and last.status is Status.GOOD:
                await self._write(node, Reading(last.value, Status.UNCERTAIN), datetime.now(UTC))
        if self._conditions is not None:
            await self._tell(self._conditions.go_stale())

    def answered(self, answer: CommandAnswer) -> bool:
        """Take an answer of the ledger; False where it is for somebody else."""
        return self._operators is not None and self._operators.asking.answered(answer)

    async def stop(self) -> None:
        """Close every connection and let the port go."""
        await self._server.stop()

    async def _tell(self, events: Sequence[Told]) -> None:
        for event in events:
            await self._inner.subscribers.tell(event)

    async def _write(self, node: Node, reading: Reading, at: datetime) -> None:
        if self._last.get(node.id) != reading:
            self._last[node.id] = reading
            await self._server.write_attribute_value(node.id, node.value(reading, at))

    def _limit(self) -> None:
        internal = self._server.iserver
        internal.allow_remote_admin = False
        internal.max_connections = 64
        internal.max_subscriptions = 128
        internal.max_lifetime_count = 1000
        internal.max_pending_activation_seconds = 5.0
        internal.max_session_timeout_ms = 60_000
        internal.max_pending_messages_per_connection = 100
        internal.max_monitored_item_queue_size = 100
        limits = self._server.limits
        limits.max_message_size = MESSAGE_MAX
        limits.max_chunk_count = MESSAGE_MAX // limits.max_recv_buffer + 1

    async def _validate(self, certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        der = certificate.public_bytes(Encoding.DER)
        if not self._trust.trusts(der):
            self._trust.reject(der)
            seen = shown(der)
            log.warning(
                "OPC UA client %s is not trusted (%s); see wheeltapper trust", seen.subject, seen.fingerprint[:16]
            )
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        if not self._trust.valid(shown(der)):
            raise ServiceError(ua.StatusCodes.BadCertificateTimeInvalid)


async def _veto(event: object, dispatcher: object) -> None:
    """Refuse every write from outside, should one ever get past the rules."""
    if getattr(event, "is_external", True):
        raise ServiceError(ua.StatusCodes.BadUserAccessDenied)
