"""What the page reads, and what it asks of the ledger."""

import asyncio

import pytest

from gateway.processes.ledger_messages import CommandAnswer
from gateway.serve import asking as asking_module
from gateway.serve.asking import ASKING_MAX, Busy
from gateway.serve.page.world import World


async def test_an_answer_comes_to_whoever_asked(page):
    answer = await page.world.ask("acknowledge", "ABCD", "ana")
    assert answer.sentence == "acknowledge: done"
    (command,) = page.asked
    assert (command.name, command.target, command.who, command.via) == ("acknowledge", "ABCD", "ana", "page")


async def test_answers_that_are_anothers_are_left_alone(page):
    assert not page.world.answered(CommandAnswer("order", "ABCD", "Ben", True, "", "0123"))
    assert page.world.answered(CommandAnswer("order", "ABCD", "Ben", True, "", "page:nobody-waits"))


async def test_a_gateway_that_takes_no_command_or_never_answers_is_said(page, monkeypatch):
    refusing = World(page.world.plan, page.clock, lambda command: False)
    with pytest.raises(Busy, match="took no command"):
        await refusing.ask("order", "ABCD", "ana")
    monkeypatch.setattr(asking_module, "ANSWER_S", 0.01)
    silent = World(page.world.plan, page.clock, lambda command: True)
    with pytest.raises(Busy, match="the audit trail says"):
        await silent.ask("order", "ABCD", "ana")
    assert silent._asking._asked == {}


async def test_commands_under_way_are_bounded(page):
    silent = World(page.world.plan, page.clock, lambda command: True)
    asking = [asyncio.create_task(silent.ask("order", "A", "ana")) for _ in range(ASKING_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(Busy, match="too many"):
        await silent.ask("order", "A", "ana")
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
