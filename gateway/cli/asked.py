"""What `acknowledge`, `maintenance-done` and `order` share: to ask the running gateway, and to wait for its answer."""

import contextlib
import getpass
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from gateway.cli.output import emit, note, say
from gateway.serve import asks
from gateway.serve.asks import Ask, AskFault, Name, Reply
from gateway.store.read import Reader

WhoOption = Annotated[str, typer.Option("--who", help="Who asks, as it is to be recorded; else the user's name.")]
WaitOption = Annotated[float, typer.Option("--wait", min=0.1, max=600, help="Seconds to wait for the answer.")]
AskJsonOption = Annotated[bool, typer.Option("--json", help="The answer as one JSON object.")]

WAIT_S = 10.0
POLL_S = 0.05
BEGINNING_MIN = 4  #: characters of an incident's id; fewer are a slip of the finger
SHOWN_MAX = 3


def whole_id(beginning: str, folder: Path) -> str:
    """Find the one incident a person means by the beginning of its id; says it and exits with 1 where there is none."""
    wanted = beginning.strip().upper()  # base32 has no small letters
    with Reader(folder) as reader:
        found = reader.incidents_like(wanted, SHOWN_MAX + 1)
    if len(wanted) < BEGINNING_MIN:
        note(f"{beginning!r}: wanted at least {BEGINNING_MIN} characters of an incident's id; see wheeltapper orders")
    elif not found:
        note(f"{beginning!r}: no incident's id begins so; see wheeltapper orders")
    elif len(found) > 1:
        more = ", ..." if len(found) > SHOWN_MAX else ""
        note(f"{beginning!r}: begins several ids, {', '.join(found[-SHOWN_MAX:])}{more}; give more of it")
    else:
        return found[0]
    raise typer.Exit(1)


def carry_out(
    name: Name,
    target: str,
    who: str,
    folder: Path,
    *,
    wait_s: float,
    as_json: bool,
    arguments: Mapping[str, str] | None = None,
) -> None:
    """Ask, wait, print what came of it; exits with 1 where the command was refused or nobody answered."""
    try:
        ask = Ask(name=name, target=target, who=who or user_name(), arguments=dict(arguments or {}))
    except ValidationError as error:
        raise typer.BadParameter(asks.why(error)) from None
    try:
        reply = answered(folder / asks.FOLDER, ask, wait_s, time.monotonic)
    except AskFault as fault:
        note(f"{name}: {fault}")
        raise typer.Exit(1) from None
    if as_json:
        unsaid = {"version"} if ask.arguments else {"version", "arguments"}
        emit(ask.model_dump(exclude=unsaid) | reply.model_dump(exclude={"version"}))
    elif reply.accepted:
        say(reply.sentence)
    else:
        note(reply.sentence)
    if not reply.accepted:
        raise typer.Exit(1)


def user_name() -> str:
    """Name of who sits at the terminal, not of the user that only lends its rights."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise typer.BadParameter("this system tells no user name; say who asks", param_hint="--who") from None


def answered(folder: Path, ask: Ask, wait_s: float, now: Callable[[], float]) -> Reply:
    """Lay a command into the folder and wait for its answer.

    Raises
    ------
    AskFault
        It could not be laid there, nobody took it in time (it is withdrawn), or nobody said what came of it.
    """
    token = asks.new_token()
    try:
        asks.write(folder, token, asks.ASK, ask)
    except (FileNotFoundError, NotADirectoryError):
        raise AskFault(
            f"{folder}: no gateway has opened this folder; is it running? wheeltapper run SITE.toml"
        ) from None
    except PermissionError:
        raise AskFault(f"{folder}: not ours to write; ask as the gateway's user (sudo -u), it alone may") from None
    except OSError as error:
        raise AskFault(f"{folder}: cannot be written ({error.strerror})") from None
    note(f"waiting for the gateway, up to {wait_s:g} s ...")
    try:
        reply = _awaited(folder / f"{token}{asks.ANSWER}", now() + wait_s, now)
    except KeyboardInterrupt:
        _withdraw(folder / f"{token}{asks.ASK}")
        raise
    if reply is not None:
        return reply
    if _withdraw(folder / f"{token}{asks.ASK}"):
        raise AskFault(
            f"no gateway answered within {wait_s:g} s, and the command is withdrawn; "
            "is it running? wheeltapper run SITE.toml"
        )
    raise AskFault(
        f"the gateway has taken the command and not answered within {wait_s:g} s: it is busy, or cannot write its "
        "store; wheeltapper events shows what came of it"
    )


def _awaited(answer: Path, by: float, now: Callable[[], float]) -> Reply | None:
    while now() < by:
        # Windows may refuse to open a file that is being renamed: it is there at the next look.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            return _fetch(answer)
        time.sleep(POLL_S)
    return None


def _fetch(path: Path) -> Reply:
    reply = asks.read(path, Reply)
    with contextlib.suppress(OSError):
        path.unlink()  # else the gateway does, after a minute
    return reply


def _withdraw(path: Path) -> bool:
    """Take the command back; False where the gateway has taken it."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise AskFault(f"the command could not be withdrawn ({error.strerror}); the gateway may yet take it") from None
    return True
