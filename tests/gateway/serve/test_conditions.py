"""Incidents as alarms and conditions, as asyncua's own client sees them; a real socket, and a real ledger behind."""

from types import SimpleNamespace

import pytest
import pytest_asyncio
from asyncua import ua

from gateway.serve.conditions import Conditions
from gateway.serve.conditions_methods import Methods
from gateway.serve.guesses import GUESSES
from tests.gateway.serve.incident_plant import (
    ACKNOWLEDGE,
    COMMENT,
    CONDITION_TYPE,
    OFF,
    ONE_SHOT,
    REFRESH_ITEM,
    TIMED,
    VT,
    a_plant,
    a_viewer,
)

REFRESH_START, REFRESH_END = 2787, 2788
pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVER = ua.NodeId(ua.ObjectIds.Server)


def state(event, name):
    return getattr(event, f"{name}/Id")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant(tmp_path_factory):
    """Give one plant to all: what a server costs is its start."""
    async with a_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


async def test_an_incident_is_told_from_its_beginning_to_its_end(plant):
    async with a_viewer(plant.url, "ana") as ana:
        await ana.subscribe("outer race")
        plant.hear("outer race")
        raised = await ana.next()
        assert (raised.SourceName, raised.ConditionName, raised.Severity) == ("pump-7", "outer race", 500)
        assert raised.Message.Text.startswith("the outer race is worn")
        assert [state(raised, name) for name in ("EnabledState", "ActiveState", "AckedState")] == [True, True, False]
        assert (raised.Retain, raised.BranchId, raised.SuppressedOrShelved) == (True, ua.NodeId(), False)
        plant.hear("outer race", severity="critical")
        graver = await ana.next()
        assert (graver.Severity, graver.LastSeverity, graver.NodeId) == (800, 500, raised.NodeId)
        assert graver.EventId != raised.EventId
        assert await ana.acknowledge(graver, "seen\tby me") == "Good"
        acked = await ana.next()
        assert (state(acked, "AckedState"), acked.Comment.Text, acked.ClientUserId) == (True, "seen by me", "ana")
        plant.hear("outer race", active=False)
        cleared = await ana.next()
        assert (state(cleared, "ActiveState"), cleared.Retain) == (False, True)
        plant.pass_(2 * 86400)
        plant.hear("outer race", active=False)
        over = await ana.next()
        assert (over.NodeId, state(over, "ActiveState")) == (raised.NodeId, False)
        assert await ana.acknowledge(over) == "BadNodeIdUnknown"
        assert plant.audit(raised) == [("ana", "opcua", "acknowledge", '{"comment": "seen by me"}', 1)]


async def test_an_incident_is_shelved_for_a_time_and_taken_off_again(plant):
    async with a_viewer(plant.url, "scada", plant.token) as scada:
        await scada.subscribe("inner race")
        plant.hear("inner race")
        raised = await scada.next()
        assert raised.MaxTimeShelved == 7 * 86400_000
        assert await scada.call(raised.NodeId, OFF) == "BadConditionNotShelved"
        for ms in (0.0, 59_999.0, 7 * 86400_000 + 1.0, float("nan"), float("inf")):
            assert await scada.shelve(raised, ms) == "BadShelvingTimeOutOfRange"
        assert await scada.shelve(raised, 8 * 3600_000.0) == "Good"
        shelved = await scada.next()
        assert shelved.SuppressedOrShelved
        assert getattr(shelved, "ShelvingState/CurrentState").Text == "Timed Shelved"
        assert getattr(shelved, "ShelvingState/UnshelveTime") == pytest.approx(8 * 3600_000, abs=1000)
        assert await scada.call(raised.NodeId, OFF) == "Good"
        assert not (await scada.next()).SuppressedOrShelved
        assert await scada.call(raised.NodeId, ONE_SHOT) == "Good"
        assert getattr(await scada.next(), "ShelvingState/UnshelveTime") == pytest.approx(7 * 86400_000, abs=1000)
        assert [row[0:4] for row in plant.audit(raised)] == [
            ("scada", "opcua", "shelve", '{"for": "8 h"}'),
            ("scada", "opcua", "unshelve", "{}"),
            ("scada", "opcua", "shelve", '{"for": "7 d"}'),
        ]


async def test_who_comes_later_is_told_by_a_refresh_what_stands(plant):
    async with a_viewer(plant.url) as first, a_viewer(plant.url) as late:
        await first.subscribe("gear")
        plant.hear("gear")
        raised = await first.next()
        await late.subscribe("gear")
        assert await late.refresh() == "Good"
        events = [await late.any()]
        while events[-1].EventType.Identifier != REFRESH_END:
            events.append(await late.any())
        assert events[0].EventType.Identifier == REFRESH_START
        told = [event.EventId for event in events if event.NodeId == raised.NodeId]
        assert told == [raised.EventId]
        assert await late.refresh(first.subscription.subscription_id) == "BadSubscriptionIdInvalid"
        numbers = [ua.Variant(one, VT.UInt32) for one in (late.subscription.subscription_id, 9999)]
        assert await late.call(CONDITION_TYPE, REFRESH_ITEM, *numbers) == "BadMonitoredItemIdInvalid"
        assert first.events.empty()


async def test_a_queue_of_one_is_given_room_for_a_refresh_and_a_filter_that_calls_itself_is_refused(plant):
    async with a_viewer(plant.url) as viewer:
        await viewer.subscribe("belt slip")
        subscription = viewer.subscription
        plant.hear("belt slip")
        assert state(await viewer.next(), "ActiveState")
        item = ua.MonitoredItemCreateRequest(ua.ReadValueId(SERVER, ua.AttributeIds.EventNotifier))
        item.RequestedParameters.QueueSize = 1
        item.RequestedParameters.Filter = await subscription._create_eventfilter(ua.ObjectIds.BaseEventType)
        asked = ua.CreateMonitoredItemsParameters(subscription.subscription_id, ua.TimestampsToReturn.Both, [item])
        (kept,) = await viewer.client.uaclient.create_monitored_items(asked)
        assert (kept.StatusCode.name, kept.RevisedQueueSize) == ("Good", 100)
        parameters = ua.MonitoringParameters(QueueSize=4_000_000)
        changed = [ua.MonitoredItemModifyRequest(kept.MonitoredItemId, parameters)]
        asked_again = ua.ModifyMonitoredItemsParameters(subscription.subscription_id, ItemsToModify=changed)
        (bounded,) = await viewer.client.uaclient.modify_monitored_items(asked_again)
        assert bounded.RevisedQueueSize == 100
        itself = ua.ContentFilterElement(ua.FilterOperator.Not, [ua.ElementOperand(0)])
        item.RequestedParameters.Filter.WhereClause.Elements = [itself]
        (refused,) = await viewer.client.uaclient.create_monitored_items(asked)
        assert refused.StatusCode.name == "BadEventFilterInvalid"


async def test_what_a_client_may_not_do_is_refused_by_name(plant):
    async with a_viewer(plant.url) as nobody, a_viewer(plant.url, "vic") as vic:
        await nobody.subscribe("imbalance")
        plant.hear("imbalance")
        raised = await nobody.next()
        for one in (nobody, vic):
            assert await one.acknowledge(raised) == "BadUserAccessDenied"
            assert await one.shelve(raised, 3600_000.0) == "BadUserAccessDenied"
        assert await vic.call(raised.NodeId, COMMENT) == "BadMethodInvalid"
        assert plant.audit(raised) == []


async def test_a_wrong_acknowledgement_says_what_is_wrong_with_it(plant):
    async with a_viewer(plant.url, "ana") as ana:
        await ana.subscribe("cage")
        plant.hear("cage")
        raised = await ana.next()
        assert await ana.acknowledge(raised, event_id=b"another") == "BadEventIdUnknown"
        assert await ana.call(raised.NodeId, ACKNOWLEDGE) == "BadArgumentsMissing"
        assert await ana.call(raised.NodeId, OFF, ua.Variant(1)) == "BadTooManyArguments"
        assert await ana.call(raised.NodeId, TIMED, ua.Variant("1 h")) == "BadInvalidArgument"
        assert await ana.call(CONDITION_TYPE, OFF) == "BadNodeIdUnknown"
        assert await ana.acknowledge(raised) == "Good"
        acked = await ana.next()
        assert await ana.acknowledge(acked) == "BadConditionBranchAlreadyAcked"


async def test_where_the_site_file_does_not_allow_it_nobody_changes_anything():
    methods = Methods(None)
    methods.conditions = Conditions(2, "Line")
    session = SimpleNamespace(user=SimpleNamespace(name="ana"))
    request = ua.CallMethodRequest(ua.NodeId("Line/pump-7/Incidents/ABC", 2), ua.NodeId(OFF), [])
    assert (await methods.call(session, request)).StatusCode.name == "BadUserAccessDenied"


async def test_a_password_may_be_guessed_five_times(plant):
    for _ in range(GUESSES):
        with pytest.raises(ua.UaError):
            await a_viewer(plant.url, "ana", "wrong words, all of them").__aenter__()
    with pytest.raises(ua.UaError):
        await a_viewer(plant.url, "ana").__aenter__()
    plant.pass_(301)
    async with a_viewer(plant.url, "ana"):
        pass


async def test_when_main_is_silent_no_condition_goes_on_looking_certain(plant):
    async with a_viewer(plant.url) as viewer:
        await viewer.subscribe("cavitation")
        plant.hear("cavitation")
        assert (await viewer.next()).Quality.is_good()
        await plant.server.go_stale()
        stale = await viewer.next()
        assert (stale.Quality.name, stale.Retain) == ("UncertainLastUsableValue", True)
