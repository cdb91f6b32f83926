"""Who may change something by OPC UA: whoever `wheeltapper user` has named, as on the page."""

from collections.abc import Callable
from pathlib import Path

from gateway.processes.clock import Clock
from gateway.processes.ledger_messages import Command
from gateway.serve.asking import Asking
from gateway.serve.guesses import Guesses
from gateway.serve.people import People, PeopleError, PeopleFile, Role, verified


class Operators:
    """Names, passwords and roles, looked at for every call: whoever was taken out is out at once.

    Parameters
    ----------
    folder
        Of the store.
    clock
        Counts how often somebody guesses.
    send
        Hands a command to main; False where it could not be taken.
    """

    def __init__(self, folder: str, clock: Clock, send: Callable[[Command], bool]) -> None:
        self._file = PeopleFile(Path(folder))
        self._guesses = Guesses(clock)
        self.asking = Asking(send, "opcua")

    def knows(self, name: str, password: str) -> bool:
        """Whether the password is this person's, or the token this program's. Takes 20 ms."""
        key = f"name {name[:40]}"
        if self._guesses.wait_s(key):
            return False
        people = self._people()
        token = people.token(password)
        if (token is not None and token.name == name) or verified(people.user(name), password):
            return True
        self._guesses.wrong(key)
        return False

    def may(self, name: str) -> bool:
        """Whether they may acknowledge and shelve; a name that two go by has the lesser role."""
        people = self._people()
        roles = [user.role for user in people.users if user.name == name]
        roles += [token.role for token in people.tokens if token.name == name]
        return bool(roles) and all(role.may(Role.OPERATOR) for role in roles)

    def _people(self) -> People:
        try:
            return self._file.read()
        except PeopleError:  # the page says why, and doctor; nobody may do anything meanwhile
            return People()
