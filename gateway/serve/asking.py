"""Commands to the ledger and the answers to them, for the doors people come in by."""

import asyncio
import secrets
from collections.abc import Callable, Mapping

from gateway.processes.ledger_messages import Command, CommandAnswer

ANSWER_S = 10.0  #: the longest wait for the ledger; it may be waiting for a disk
ASKING_MAX = 50  #: commands under way by one door


class Busy(Exception):
    """Too much is being asked at once; asking again helps."""


class Asking:
    """The commands that are under way by one door.

    Parameters
    ----------
    send
        Hands a command to main; False where it could not be taken.
    via
        Word for the door, as the audit trail has it; begins the ids of its commands.
    """

    def __init__(self, send: Callable[[Command], bool], via: str) -> None:
        self._send, self._via, self._mark = send, via, f"{via}:"
        self._asked: dict[str, asyncio.Future[CommandAnswer]] = {}

    async def ask(
        self, name: str, target: str, who: str, arguments: Mapping[str, str] | None = None, via: str = ""
    ) -> CommandAnswer:
        """Have the ledger carry out what a person asks; returns once it stands in the audit trail.

        Raises
        ------
        Busy
            The gateway took no command, or did not answer; the sentence says which.
        """
        if len(self._asked) >= ASKING_MAX:
            raise Busy("too many commands are under way; ask again")
        command = Command(name, target, who, via or self._via, arguments or {}, f"{self._mark}{secrets.token_hex(16)}")
        answer = self._asked[command.id] = asyncio.get_running_loop().create_future()
        try:
            if not self._send(command):
                raise Busy("the gateway is busy and took no command; ask again")
            return await asyncio.wait_for(answer, ANSWER_S)
        except TimeoutError:
            raise Busy(f"no answer within {ANSWER_S:.0f} s; the audit trail says whether it was carried out") from None
        finally:
            self._asked.pop(command.id, None)

    def answered(self, answer: CommandAnswer) -> bool:
        """Take an answer; False where it is for somebody else."""
        if not answer.id.startswith(self._mark):
            return False
        waiting = self._asked.get(answer.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
        return True
