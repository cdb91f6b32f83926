"""`wheeltapper completion`: a script that makes a shell complete commands, options and choices.

The script holds every word itself: pressing Tab starts no Python, which would take a third of a second each time.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Annotated, Any

import typer

from gateway.cli.output import say


class Shell(StrEnum):
    """For which shell."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


@dataclass(frozen=True, slots=True)
class Words:
    """What may follow a command."""

    help: str
    below: tuple[str, ...]  #: sub-commands, or the choices of its first argument
    options: Mapping[str, tuple[str, ...]]  #: option -> its choices; none: a file, a number or nothing


def command(shell: Annotated[Shell, typer.Argument(help="bash, zsh, fish or powershell.")]) -> None:
    """Write what makes a shell complete `wheeltapper`, to stdout.

    bash: ``wheeltapper completion bash > /etc/bash_completion.d/wheeltapper``; zsh: into a file ``_wheeltapper`` on
    $fpath; fish: ``~/.config/fish/completions/wheeltapper.fish``; PowerShell: append it to the file $PROFILE names.
    Write it anew after an update.
    """
    known = _known()
    match shell:
        case Shell.BASH:
            say(_bash(known))
        case Shell.ZSH:
            say(_zsh(known))
        case Shell.FISH:
            say(_fish(known))
        case Shell.POWERSHELL:
            say(_powershell(known))


def _known() -> dict[str, Words]:
    from gateway.cli.app import COMMANDS, typer_of  # here, since app itself imports no command before it is called

    return {name: _words(typer.main.get_command(typer_of(name)), line) for name, (_, line) in COMMANDS.items()}


def _words(found: Any, line: str) -> Words:  # noqa: ANN401  typer does not export the type of a parsed command
    below: list[str] = list(getattr(found, "commands", {}))
    options: dict[str, tuple[str, ...]] = {"--help": ()}
    for each in (found, *getattr(found, "commands", {}).values()):
        for parameter in each.params:
            choices = _choices(parameter)
            if parameter.param_type_name == "argument":
                below += choices
            else:
                options |= {o: choices for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--")}
    return Words(line, tuple(below), dict(sorted(options.items())))


def _choices(parameter: Any) -> tuple[str, ...]:  # noqa: ANN401
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return tuple(str(one.value) for one in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


def _with_choices(known: Mapping[str, Words]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for name, words in known.items():
        for option, choices in words.options.items():
            if choices:
                yield name, option, choices


def _bash(known: Mapping[str, Words]) -> str:
    choices = "".join(
        f'        {name}:{option}) COMPREPLY=($(compgen -W {shlex.quote(" ".join(words))} -- "$word")); return;;\n'
        for name, option, words in _with_choices(known)
    )
    follows = {name: shlex.quote(" ".join((*words.below, *words.options))) for name, words in known.items()}
    cases = "".join(
        f"        {name}) words={text}; below={bool(known[name].below):d};;\n" for name, text in follows.items()
    )
    return f"""# Completion of wheeltapper for bash.
_wheeltapper() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words="" below=0
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W {shlex.quote(" ".join((*known, "--help", "--version")))} -- "$word"))
        return
    fi
    case "${{COMP_WORDS[1]}}:$before" in
{choices}    esac
    case "${{COMP_WORDS[1]}}" in
{cases}    esac
    # Nothing of ours: bash goes on with the names of files.
    if [ "${{word#-}}" != "$word" ] || {{ [ "$COMP_CWORD" -eq 2 ] && [ "$below" = 1 ]; }}; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
    fi
}}
complete -o default -F _wheeltapper wheeltapper"""


def _zsh(known: Mapping[str, Words]) -> str:
    commands = "\n".join(f"        {shlex.quote(f'{name}:{words.help}')}" for name, words in known.items())
    choices = "".join(
        f"        {name}:{option}) compadd -- {' '.join(map(shlex.quote, words))}; return;;\n"
        for name, option, words in _with_choices(known)
    )
    cases = "".join(
        f"        {name}) below=({' '.join(words.below)}); options=({' '.join(words.options)});;\n"
        for name, words in known.items()
    )
    return f"""#compdef wheeltapper
# Completion of wheeltapper for zsh.
_wheeltapper() {{
    local -a commands below options
    commands=(
{commands}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case "$words[2]:$words[CURRENT-1]" in
{choices}    esac
    case "$words[2]" in
{cases}    esac
    if [[ "$words[CURRENT]" == -* ]]; then
        compadd -- $options
    else
        (( CURRENT == 3 && $#below )) && compadd -- $below
        _files
    fi
}}
_wheeltapper "$@\""""


def _fish(known: Mapping[str, Words]) -> str:
    lines = ["# Completion of wheeltapper for fish."]
    for name, words in known.items():
        lines.append(f"complete -c wheeltapper -n __fish_use_subcommand -f -a {name} -d {_fish_text(words.help)}")
        where = f"-n '__fish_seen_subcommand_from {name}'"
        if words.below:
            lines.append(f"complete -c wheeltapper {where} -a {_fish_text(' '.join(words.below))}")
        for option, choices in words.options.items():
            takes = f" -x -a {_fish_text(' '.join(choices))}" if choices else ""
            lines.append(f"complete -c wheeltapper {where} -l {option[2:]}{takes}")
    return "\n".join(lines)


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(known: Mapping[str, Words]) -> str:
    rows = "\n".join(
        f"        '{name}' = @({', '.join(map(_single, (*words.below, *words.options)))})"
        for name, words in known.items()
    )
    choices = "\n".join(
        f"        '{name}:{option}' = @({', '.join(map(_single, words))})"
        for name, option, words in _with_choices(known)
    )
    return f"""# Completion of wheeltapper for PowerShell.
Register-ArgumentCompleter -Native -CommandName wheeltapper, wheeltapper.exe -ScriptBlock {{
    param($word, $line, $cursor)
    $follows = @{{
{rows}
    }}
    $choices = @{{
{choices}
    }}
    $given = @($line.CommandElements | Where-Object {{ $_.Extent.EndOffset -lt $cursor }} | ForEach-Object {{ "$_" }})
    if ($given.Count -le 1) {{ $offered = @($follows.Keys | Sort-Object) + '--help', '--version' }}
    elseif ($choices["$($given[1]):$($given[-1])"]) {{ $offered = $choices["$($given[1]):$($given[-1])"] }}
    else {{ $offered = $follows[$given[1]] }}
    $offered | Where-Object {{ $_ -like "$word*" }} |
        ForEach-Object {{ [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }}
}}"""


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
