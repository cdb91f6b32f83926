"""`wheeltapper user`: who may change something by page or API."""

import getpass
import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from gateway.cli.output import emit, note, say
from gateway.cli.stored import SiteOption, StoreOption, store_folder
from gateway.serve.people import People, PeopleFile, Role, User, hashed, new_token

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

NameArgument = Annotated[str, typer.Argument(help="Letters, digits, dots, dashes; 40 at most.")]
RoleOption = Annotated[
    Role, typer.Option(help="viewer sees; operator acknowledges; quality corrects and activates; admin sees the audit.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@command.command()
def add(name: NameArgument, role: RoleOption, site: SiteOption = None, store: StoreOption = None) -> None:
    """Name a user, or give one a new role and password; the password is asked for, or read from a pipe."""
    file = PeopleFile(store_folder(store, site))
    people = file.read()
    try:
        user = User(name=name, role=role, password=hashed(_password()))
    except ValidationError:
        raise typer.BadParameter(f"found {name!r}; wanted letters, digits, dots, dashes, at most 40") from None
    except ValueError as fault:
        raise typer.BadParameter(f"password: {fault}") from None
    others = tuple(one for one in people.users if one.name != name)
    file.write(people.model_copy(update={"users": (*others, user)}))
    say(f"{name} is {role}; the running gateway knows it at once")


@command.command()
def token(name: NameArgument, role: RoleOption, site: SiteOption = None, store: StoreOption = None) -> None:
    """Make a token for a program; it is shown once. The same name again makes the old one useless."""
    file = PeopleFile(store_folder(store, site))
    people = file.read()
    try:
        made, secret = new_token(name, role)
    except ValidationError:
        raise typer.BadParameter(f"found {name!r}; wanted letters, digits, dots, dashes, at most 40") from None
    others = tuple(one for one in people.tokens if one.name != name)
    file.write(people.model_copy(update={"tokens": (*others, made)}))
    note(f"{name} is {role}; send it as: Authorization: Bearer TOKEN")
    say(secret)


@command.command()
def remove(name: NameArgument, site: SiteOption = None, store: StoreOption = None) -> None:
    """Take out a user, a token, or both of this name; open sessions end at once."""
    file = PeopleFile(store_folder(store, site))
    people = file.read()
    users = tuple(one for one in people.users if one.name != name)
    tokens = tuple(one for one in people.tokens if one.name != name)
    if (users, tokens) == (people.users, people.tokens):
        note(f"{name}: no such user or token; known are {', '.join(_names(people)) or 'none'}")
        raise typer.Exit(1)
    file.write(People(users=users, tokens=tokens))
    say(f"{name} is out")


@command.command("list")
def list_(site: SiteOption = None, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show who there is."""
    people = PeopleFile(store_folder(store, site)).read()
    rows = [("user", one.name, one.role) for one in people.users]
    rows += [("token", one.name, one.role) for one in people.tokens]
    if as_json:
        emit({"people": [{"kind": kind, "name": name, "role": role} for kind, name, role in rows]})
        return
    for kind, name, role in rows:
        say(f"{kind:<6} {name:<40} {role}")
    if not rows:
        say("nobody: the page is read-only and for this PC alone; wheeltapper user add NAME --role quality")


def _names(people: People) -> list[str]:
    return sorted({one.name for one in people.users} | {one.name for one in people.tokens})


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise typer.BadParameter("the two are not the same")
    return first
