"""The files by which a person at a terminal asks and the gateway answers.

One small JSON file each way, in a folder of the store: ``<token>.ask`` written by the terminal, ``<token>.answer`` by
the front. Both are written under another name and renamed, so that nobody reads half of one. Who may write into the
folder may give commands; what lies there is hostile all the same until it has been read strictly.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

FOLDER = "commands"  #: in the store's folder
ASK, ANSWER, PART = ".ask", ".answer", ".part"
BYTES_MAX = 4096  #: of one file; the longest allowed command takes under a kilobyte
TOKEN_BYTES = 16
# By all who can reach a file: the folder's own rights say who that is, and asker and gateway may be two users.
READABLE = 0o644

#: What may be asked for from a terminal; the ledger judges each (`gateway.ledger.commands.RULES`).
Name = Literal[
    "acknowledge",
    "maintenance-done",
    "accept-sound",
    "order",
    "shelve",
    "unshelve",
    "window",
    "window-over",
    "label",
    "propose",
    "activate",
]


def _printable(text: str) -> str:
    if not text.isprintable() or not text.strip():
        # Printed on terminals and written to logs: a name must not be able to move the cursor or fake a line.
        raise ValueError("wanted characters that can be printed, and not blanks alone")
    return text


Short = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


class Ask(BaseModel):
    """What a person asks for."""

    model_config = _STRICT

    version: Literal[1] = 1
    name: Name
    target: Short  #: incident id or station
    who: Short  #: as said; nothing proves it
    arguments: dict[Short, Short] = Field({}, max_length=10)  #: what the command wants besides, as ``for = "8h"``


class Reply(BaseModel):
    """What came of it."""

    model_config = _STRICT

    version: Literal[1] = 1
    accepted: bool
    sentence: str = Field(max_length=1000)


class AskFault(Exception):
    """A file is not what it should be; one sentence, without the file's content."""


Record = TypeVar("Record", Ask, Reply)


def new_token() -> str:
    """Give a name no two askers share, and nobody guesses."""
    return secrets.token_hex(TOKEN_BYTES)


def token_of(name: str, ending: str) -> str | None:
    """Token of a file's name; None where it is none of ours."""
    token = name.removesuffix(ending)
    ours = token != name and len(token) == 2 * TOKEN_BYTES and set(token) <= set("0123456789abcdef")
    return token if ours else None


def write(folder: Path, token: str, ending: str, record: Ask | Reply) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OSError
        The folder is not there, not ours to write, or the disk is full; nothing is left behind.
    """
    part = folder / f"{token}{ending}{PART}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(part, flags, READABLE)
    try:
        with os.fdopen(handle, "wb") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(handle, READABLE)  # whatever the umask
            file.write(record.model_dump_json().encode("utf-8"))
        os.replace(part, folder / f"{token}{ending}")
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def read(path: Path, kind: type[Record]) -> Record:
    """Read a file strictly.

    Raises
    ------
    FileNotFoundError
        It is not there.
    AskFault
        It is a link or a device, too long, not readable, not JSON, or not what `kind` allows.
    """
    # A pipe put in a file's place must not be waited for, a link must not be followed.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            if path.is_symlink() or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise AskFault("not a plain file")
            content = file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise AskFault(f"cannot be read ({error.strerror})") from None
    if len(content) > BYTES_MAX:
        raise AskFault(f"longer than {BYTES_MAX} bytes")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise AskFault(why(error)) from None


def why(error: ValidationError) -> str:
    """First fault of a record, as a sentence that repeats nothing of its content."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "extra_forbidden":
        return "has a key nobody knows"  # whose name is the writer's
    where = ".".join(str(step) for step in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
