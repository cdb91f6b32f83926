"""A request whose answer comes in the very moment it is given up."""

import asyncio

import pytest
from wait_for2 import CancelledWithResultError

from connectors.plc.opcua_session import OpcUaSession, OpcUaSettings
from connectors.plc.port import PlcUnreachable


async def test_a_deadline_that_meets_the_answer_is_a_timeout_and_no_cancellation():
    session = OpcUaSession(OpcUaSettings("plc.main", "opc.tcp://127.0.0.1:1", {}, {}, frozenset()))

    async def answered_while_cancelled():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise CancelledWithResultError("the answer", None) from None

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await session.bounded(answered_while_cancelled(), "read")
    with pytest.raises(PlcUnreachable, match="given up"):
        session.usable()
