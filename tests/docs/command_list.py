"""The reference of the commands, printed from the commands themselves."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from gateway.cli.app import COMMANDS, typer_of


def section() -> str:
    """Every command with its arguments and options, as Markdown."""
    return "\n".join(line for name in COMMANDS for line in _command(name))


def _command(name: str) -> Iterator[str]:
    command: Any = typer.main.get_command(typer_of(name))
    inner = getattr(command, "commands", None)
    for words, each in {f"{name} {sub}": c for sub, c in inner.items()}.items() if inner else ((name, command),):
        yield f"### `wheeltapper {_usage(words, each)}`\n"
        yield f"{_paragraphs(each.help)}\n"
        options = [parameter for parameter in each.params if parameter.opts[0].startswith("--")]
        shown = [option for option in options if option.opts[0] != "--help"]
        if shown:
            yield "| option | default | |\n|---|---|---|"
            yield from (_row(option) for option in shown)
            yield ""


def _usage(words: str, command: Any) -> str:
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    names = [argument.metavar or argument.name.upper().replace("_", "-") for argument in arguments]
    return " ".join([words, *names])


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").strip().split("\n\n"))


def _row(option: Any) -> str:
    flag = getattr(option, "is_flag", False)
    # The kind of the default tells the choices: how typer keeps an option's type changes with its versions.
    kind = type(option.default)
    choices = "|".join(_value(choice) for choice in kind) if issubclass(kind, Enum) else ""
    value = "" if flag else f" {option.metavar or choices or option.name.upper().replace('_', '-')}"
    default = "" if flag or option.default is None or option.default == "" else f"`{_value(option.default)}`"
    names = "`, `".join([*option.opts[:-1], option.opts[-1] + value])
    cells = (f"`{names}`", default, " ".join((option.help or "").split()))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _value(default: Any) -> str:
    return str(getattr(default, "value", default))
