"""asyncua's inner server, where it has to know who calls a method and what a subscriber may ask of events."""

from collections.abc import Awaitable, Callable
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AddressSpace
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemService
from asyncua.server.subscription_service import SubscriptionService
from asyncua.server.user_managers import UserManager

from gateway.serve.conditions_event import Told
from gateway.serve.conditions_filter import FilterFault, Where

CALLS_MAX = 20  #: methods in one request
EVENT_ITEMS_MAX = 256  #: of all clients together; each costs an evaluation an event

NOBODY = User(role=UserRole.Anonymous)  #: before a session is activated

Calling = Callable[["Session", ua.CallMethodRequest], Awaitable[ua.CallMethodResult]]


class Session(InternalSession):
    """A session whose calls go to the gateway's own methods, with the session that called."""

    iserver: "GatewayServer"

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        """Carry out calls; no other method of any node can be reached."""
        if len(params or ()) > CALLS_MAX:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        return [await self.iserver.calling(self, one) for one in params or ()]


class EventItems(MonitoredItemService):
    """Keeps event items whose filter was looked through, and no more of them than can be served."""

    def __init__(self, isub: InternalSubscription, aspace: AddressSpace, all_: "Subscriptions") -> None:
        super().__init__(isub, aspace)
        self._all = all_

    @property
    def events(self) -> int:
        """Event items there are."""
        return sum(map(len, self._monitored_events.values()))

    def has(self, item: int) -> bool:
        """Whether it is an item of this subscription."""
        return item in self._monitored_items

    def _create_events_monitored_item(self, params: ua.MonitoredItemCreateRequest) -> ua.MonitoredItemCreateResult:
        wanted = params.RequestedParameters
        if self._all.events >= EVENT_ITEMS_MAX:
            return self._refused(params, ua.StatusCodes.BadTooManyMonitoredItems)
        try:
            where = Where(wanted.Filter)
        except FilterFault as fault:
            return self._refused(params, fault.code)
        if wanted.QueueSize <= 1:  # OPC 10000-4, 7.21: 0 and 1 ask for what the server finds right for events
            wanted.QueueSize = ua.Counter(0)
        result = super()._create_events_monitored_item(params)
        if result.StatusCode.is_good():
            self._monitored_items[result.MonitoredItemId].where_clause_evaluator = where
        return result

    def _refused(self, params: ua.MonitoredItemCreateRequest, code: int) -> ua.MonitoredItemCreateResult:
        result, _ = self._make_monitored_item_common(params)
        result.StatusCode = ua.StatusCode(ua.UInt32(code))
        return result

    def _modify_monitored_item(self, params: ua.MonitoredItemModifyRequest) -> ua.MonitoredItemModifyResult:
        held, filter_ = self._monitored_items.get(params.MonitoredItemId), params.RequestedParameters.Filter
        if isinstance(filter_, ua.ExtensionObject) and filter_.TypeId == ua.NodeId():  # none: it stays as it is
            filter_ = params.RequestedParameters.Filter = None
        if held is not None and held.where_clause_evaluator is not None and filter_ is not None:
            try:
                held.where_clause_evaluator = Where(filter_)
            except FilterFault as fault:
                return ua.MonitoredItemModifyResult(ua.StatusCode(ua.UInt32(fault.code)))
        # asyncua would take whatever is asked for, and 0 as a queue without an end.
        params.RequestedParameters.QueueSize = ua.Counter(self._revise_queue_size(params.RequestedParameters.QueueSize))
        return super()._modify_monitored_item(params)


class Subscriptions(SubscriptionService):
    """Gives every subscription such items."""

    @property
    def events(self) -> int:
        """Event items of all clients."""
        return sum(items.events for items in self._all_items())

    async def tell(self, event: Told, subscription: int | None = None, item: int | None = None) -> None:
        """Put an event into the queues of whoever wants to hear it, or of one subscription, or one of its items."""
        for number, one in list(self.subscriptions.items()):  # a client may leave meanwhile
            if subscription in {None, number}:
                await one.monitored_item_srv.trigger_event(event, item)

    def items_of(self, subscription: int, session: ua.NodeId) -> EventItems | None:
        """Find the items of a session's own subscription."""
        one = self.subscriptions.get(subscription)
        if one is None or one.session_id != session or not isinstance(one.monitored_item_srv, EventItems):
            return None
        return one.monitored_item_srv

    def _all_items(self) -> list[EventItems]:
        held = [one.monitored_item_srv for one in self.subscriptions.values()]
        return [items for items in held if isinstance(items, EventItems)]

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        """Make one."""
        result = await super().create_subscription(params, callback, session_id, request_callback)
        subscription = self.subscriptions[result.SubscriptionId]
        subscription.monitored_item_srv = EventItems(subscription, self.aspace, self)
        return result


class GatewayServer(InternalServer):
    """The inner server.

    Parameters
    ----------
    user_manager
        Says who comes in.
    calling
        Carries out a call.
    """

    def __init__(self, user_manager: UserManager, calling: Calling) -> None:
        super().__init__(user_manager=user_manager)
        self.calling = calling
        self.subscribers = Subscriptions(self.aspace, iserver=self)
        self.subscription_service = self.subscribers

    def create_session(self, name: str, user: User = NOBODY, external: bool = False) -> InternalSession:
        """Make the session of a connection."""
        return Session(self, self.aspace, self.subscription_service, name, user=user, external=external)
