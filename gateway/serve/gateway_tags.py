"""The tags of the gateway as a whole; what they read concerns no station."""

from collections.abc import Callable
from typing import Any

from gateway.processes.alarms import GATEWAY_ALARMS
from gateway.processes.budget import Budget
from gateway.serve.tag import Kind, Reading, Tag, known
from gateway.serve.tags import alarm_tags

RATE_MAX = 1000.0


def _budget(pick: Callable[[Budget], Any]) -> Callable[..., Reading]:
    return lambda snapshot, _: known(None if snapshot.budget is None else pick(snapshot.budget))


def _worst(budget: Budget) -> str:
    return f"{budget.worst[0].station} {budget.worst[0].what}" if budget.worst else ""


GATEWAY = (
    Tag("Gateway", "Version", Kind.TEXT, lambda s, _: Reading(s.version), "Of wheeltapper"),
    Tag("Gateway", "BootId", Kind.UINT16, lambda s, _: Reading(s.boot_id), "Changes with every start"),
    Tag("Gateway", "OrdersWaiting", Kind.UINT32, lambda s, _: Reading(s.outbox_waiting), "Not yet in the CMMS"),
    Tag(
        "Gateway",
        "Incidents",
        Kind.UINT32,
        lambda s, _: Reading(sum(i.cleared_at is None for i in s.incidents)),
        "Open",
    ),
    Tag("Gateway", "Restarts", Kind.UINT32, lambda s, _: Reading(sum(p.restarts for p in s.processes)), "Of processes"),
    Tag("Gateway", "MessagesDropped", Kind.UINT32, lambda s, _: Reading(sum(s.dropped.values())), "Full queues"),
    Tag(
        *("Gateway", "AlarmRate", Kind.FLOAT, _budget(lambda b: min(b.rate, RATE_MAX))),
        *("Alarms of the last 10 min for each operator: 1 is acceptable, over 10 a flood (ISA-18.2)", "1", 0, RATE_MAX),
    ),
    Tag(
        *("Gateway", "AlarmRateDay", Kind.FLOAT, _budget(lambda b: min(b.day_mean, RATE_MAX))),
        *("Mean of the last 24 h in 10 min for each operator", "1", 0, RATE_MAX),
    ),
    Tag("Gateway", "WorstAlarm", Kind.TEXT, _budget(_worst), "What rang most in the last 24 h"),
)


def gateway_tags() -> tuple[Tag, ...]:
    """Give every tag of the gateway, its alarms last, in the order of the Modbus table."""
    return GATEWAY + tuple(tag for alarm in GATEWAY_ALARMS for tag in alarm_tags(alarm))
