"""The front's side of the commands folder: what people ask goes to the ledger, what came of it goes back.

Taking a command is removing its file: of an asker that gives up and a gateway that takes, exactly one succeeds, so a
command that was withdrawn is never carried out later.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import structlog

from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import Command, CommandAnswer
from gateway.serve import asks
from gateway.serve.asks import Ask, AskFault, Reply

log = structlog.get_logger()

STALE_S = 60.0  #: whoever asked has long stopped waiting; also how long anything else may lie in the folder
ASKS_MAX = 20  #: commands taken at one look
ENTRIES_MAX = 1000  #: names read at one look
_MARK = "spool:"  #: begins the ids of commands that came this way


class SpoolFault(Exception):
    """The folder cannot be used; one sentence."""


@dataclass(slots=True)
class Looked:
    """What one look has found."""

    commands: list[Command] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  #: sentences


class Spool:
    """The folder; every method may wait for the disk and is called by one thread at a time.

    Parameters
    ----------
    folder
        Made where it is missing, for its owner alone.
    clock
        Its wall time is compared with the files' own.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._stuck: frozenset[str] = frozenset()  # names that could not be removed at the last look

    def turn(self, answers: Sequence[CommandAnswer]) -> Looked:
        """Write answers, take what was asked, remove what nobody fetched.

        Raises
        ------
        SpoolFault
            The folder cannot be had, or others than its owner and group may write there; nothing was taken.
        """
        try:
            self._ready()
            with os.scandir(self._folder) as entries:
                found = sorted(islice(entries, ENTRIES_MAX), key=lambda entry: entry.name)
        except OSError as error:
            raise SpoolFault(f"{self._folder}: cannot be used ({error.strerror}); no commands by terminal") from None
        looked = Looked()
        self._look(found, looked)
        for answer in answers:
            self._answer(answer)
        return looked

    def _ready(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = os.lstat(self._folder)
        if not stat.S_ISDIR(state.st_mode):
            raise SpoolFault(f"{self._folder}: is no folder; remove it, and the gateway makes one")
        if not hasattr(os, "getuid"):
            return  # Windows: the rights of the store's folder are inherited
        if state.st_uid != os.getuid():
            raise SpoolFault(f"{self._folder}: belongs to another user; remove it, and the gateway makes its own")
        if state.st_mode & stat.S_IWOTH:
            raise SpoolFault(f"{self._folder}: everybody may write there; wanted its owner alone: chmod 0700")

    def _look(self, entries: Iterable["os.DirEntry[str]"], looked: Looked) -> None:
        now = self._clock.wall().timestamp()
        stuck = {}
        for entry in entries:
            try:
                state = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(state.st_mode):
                    continue  # nobody's file; not ours to remove
                old = abs(now - state.st_mtime) > STALE_S
                token = asks.token_of(entry.name, asks.ASK)
                if token is not None and len(looked.commands) + len(looked.refused) < ASKS_MAX:
                    self._take(token, looked, stale=old)
                elif token is None and old:
                    os.unlink(entry.path)
            except FileNotFoundError:
                continue  # withdrawn, or fetched
            except OSError as error:
                stuck[entry.name] = error.strerror
        for name in stuck.keys() - self._stuck:
            log.warning("a file in the commands folder cannot be removed", file=ascii(name), error=stuck[name])
        self._stuck = frozenset(stuck)

    def _take(self, token: str, looked: Looked, *, stale: bool) -> None:
        path = self._folder / f"{token}{asks.ASK}"
        fault, ask = f"older than {STALE_S:.0f} s; ask again", None
        try:
            ask = None if stale else asks.read(path, Ask)
        except AskFault as found:
            fault = str(found)
        path.unlink()  # FileNotFoundError: the asker was faster, and it is not to be carried out
        if ask is not None:
            looked.commands.append(Command(ask.name, ask.target, ask.who, "terminal", ask.arguments, f"{_MARK}{token}"))
            return
        looked.refused.append(fault)
        self._write(token, Reply(accepted=False, sentence=f"{asks.FOLDER}: refused: {fault}"))

    def _answer(self, answer: CommandAnswer) -> None:
        token = asks.token_of(answer.id.removeprefix(_MARK) + asks.ASK, asks.ASK)
        if answer.id.startswith(_MARK) and token is not None:
            self._write(token, Reply(accepted=answer.accepted, sentence=answer.sentence[:1000]))

    def _write(self, token: str, reply: Reply) -> None:
        try:
            asks.write(self._folder, token, asks.ANSWER, reply)
        except OSError as error:
            # It was carried out and stands in the audit trail; only the asker does not hear of it here.
            log.warning("an answer could not be written", error=error.strerror, accepted=reply.accepted)
