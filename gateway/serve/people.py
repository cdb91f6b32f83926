"""Who may change something by page or API: a file beside the store, written by `wheeltapper user` alone.

No file, or nobody in it: the page is read-only and listens on loopback alone. Passwords stand there as Argon2id hashes
(RFC 9106), tokens as SHA-256: a token is 256 random bits, so nothing slower is needed.
"""

import hashlib
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PEOPLE = "people.json"  #: in the store's folder
BYTES_MAX = 1_000_000
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
#: 19 MiB, two passes: OWASP Password Storage Cheat Sheet; the front has 2 GiB and one thread for this.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_hex(16))  # verified for unknown names, so that time does not tell who exists


class Role(StrEnum):
    """What a person may do; each includes the ones before."""

    VIEWER = "viewer"  #: see, and hear what may be heard
    OPERATOR = "operator"  #: acknowledge, shelve, maintenance done
    QUALITY = "quality"  #: correct a verdict, propose and activate a recipe
    ADMIN = "admin"  #: see the audit trail; people themselves are managed at a terminal

    def may(self, wanted: "Role") -> bool:
        """Whether this role includes another."""
        order = list(Role)
        return order.index(self) >= order.index(wanted)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class User(BaseModel):
    """A person with a password."""

    model_config = _STRICT

    name: Name
    role: Role
    password: str = Field(max_length=300, repr=False, description="Argon2id, encoded.")


class Token(BaseModel):
    """A program with a token."""

    model_config = _STRICT

    name: Name
    role: Role
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)


class People(BaseModel):
    """The whole file."""

    model_config = _STRICT

    version: Literal[1] = 1
    users: tuple[User, ...] = ()
    tokens: tuple[Token, ...] = ()

    def user(self, name: str) -> User | None:
        """Find a person."""
        return next((one for one in self.users if one.name == name), None)

    def token(self, secret: str) -> Token | None:
        """Find the program a token belongs to."""
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        return next((one for one in self.tokens if secrets.compare_digest(one.sha256, digest)), None)


class PeopleError(Exception):
    """The file cannot be used; one sentence."""


class PeopleFile:
    """Reads the file again whenever it was written.

    Parameters
    ----------
    folder
        Of the store.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / PEOPLE
        self._seen: tuple[int, int, int] | None = None
        self._people = People()

    def read(self) -> People:
        """Give everybody; nobody where there is no file.

        Raises
        ------
        PeopleError
            It cannot be read, or is not what `wheeltapper user` writes. Nobody may do anything then.
        """
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return People()
        except OSError as error:
            raise PeopleError(f"{self.path}: cannot be read ({error.strerror})") from error
        seen = (state.st_mtime_ns, state.st_size, state.st_ino)
        if seen != self._seen:
            if state.st_size > BYTES_MAX:
                raise PeopleError(f"{self.path}: {state.st_size} bytes, wanted at most {BYTES_MAX}")
            try:
                self._people = People.model_validate_json(self.path.read_bytes())
            except OSError as error:
                raise PeopleError(f"{self.path}: cannot be read ({error.strerror})") from error
            except ValidationError as fault:
                first = fault.errors(include_url=False, include_input=False)[0]
                where = ".".join(map(str, first["loc"])) or "the file"
                raise PeopleError(
                    f"{self.path}: {where}: {first['msg']}; remove it and name your users again"
                ) from None
            self._seen = seen
        return self._people

    def write(self, people: People) -> None:
        """Write everybody, whole or not at all, readable by its owner alone.

        Raises
        ------
        PeopleError
            It cannot be written.
        """
        beside = self.path.with_name(f".{PEOPLE}.{secrets.token_hex(4)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(people.model_dump_json(indent=1) + "\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise PeopleError(f"{self.path}: cannot be written ({error.strerror})") from error


def hashed(password: str) -> str:
    """Hash a new password.

    Raises
    ------
    ValueError
        It is too short or too long; the sentence says what is wanted.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ValueError(
            f"found {len(password)} characters; wanted {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}: a few words will do"
        )
    return _HASHER.hash(password)


def verified(user: User | None, password: str) -> bool:
    """Whether this is the person's password; takes as long where there is no such person. About 20 ms."""
    try:
        _HASHER.verify(user.password if user else _NOBODY, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return user is not None


def new_token(name: str, role: Role) -> tuple[Token, str]:
    """Make a token; the secret is shown once and kept nowhere."""
    secret = secrets.token_urlsafe(32)
    return Token(name=name, role=role, sha256=hashlib.sha256(secret.encode()).hexdigest()), secret
