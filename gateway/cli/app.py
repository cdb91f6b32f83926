"""`wheeltapper`, the command: finds the file of a command, runs it, turns a fault into a sentence and an exit code.

How a command is added: `gateway/cli/<name>.py` holds a plain typed function ``command`` whose parameters are typer
options and whose docstring is its help (or ``command = typer.Typer()`` where it has sub-commands), and `COMMANDS`
below names it. The file is imported only when its command is called, so that `wheeltapper --help` does not wait for
SciPy. A command

- returns nothing when all went well, and raises ``typer.Exit(1)`` where it has said itself what failed;
- lets the faults of its rooms pass: `main` prints ``str(fault)`` on stderr, one sentence a line, and ends with the code
  of `FAULTS`. A new room adds its fault there;
- writes what was asked for to stdout (`gateway.cli.output.say`, `emit`), everything else to stderr (`note`), and with
  ``--json`` nothing but JSON to stdout.

Exit codes: 0 all is well; 1 it failed; 2 the site file or the command line is wrong; 3 the recipe or a model is.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version

import typer

from gateway.cli.output import note, say
from gateway.processes.threads import limit_threads

COMMANDS = {
    "demo": ("gateway.cli.demo:command", "A small plant at real speed: sound, PLC, Maximo, and the truth at the end."),
    "run": ("gateway.cli.run:command", "The gateway of a line, until it is told to stop."),
    "new": ("gateway.cli.new:command", "A site file from a few questions, with the PLC's tags found by looking."),
    "check": ("gateway.cli.check:command", "All faults of a site file at once; with --connect every connection too."),
    "doctor": ("gateway.cli.doctor:command", "What is wrong with this PC and what it talks to, and how to mend it."),
    "trust": ("gateway.cli.trust:command", "The certificates that were refused, and the word to trust one."),
    "record": ("gateway.cli.record:command", "Collect parts to teach from, by trigger, each one looked at."),
    "teach": ("gateway.cli.teach:command", "Learn a recipe from recordings of good parts."),
    "enrol": ("gateway.cli.enrol:command", "Add examples of defects to a recipe, or undo that."),
    "teach-sounds": ("gateway.cli.teach_sounds:command", "Learn kinds of sound, as glass breaking, by examples."),
    "recipe": ("gateway.cli.recipe:command", "What a recipe has learned: its card, figures and limits."),
    "compare": ("gateway.cli.compare:command", "Detectors side by side on good and bad parts, with their price."),
    "judge": ("gateway.cli.judge:command", "Judge recordings by a recipe, one line a part."),
    "pilot": ("gateway.cli.pilot:command", "What labelled parts prove of a station, and whether it pays: one report."),
    "replay": ("gateway.cli.replay:command", "Judge stored parts again: the same sound, the same verdict."),
    "models": (
        "gateway.cli.models:command",
        "The models that turn a sound into a vector: list, build, import, shrink.",
    ),
    "diagnose": ("gateway.cli.diagnose:command", "Which bearing fault recordings show, and the picture of it."),
    "trend": ("gateway.cli.trend:command", "Wear over a recorded history: warning, alarm, remaining life."),
    "parts": ("gateway.cli.parts:command", "The parts the store holds."),
    "events": ("gateway.cli.events:command", "What happened, as the store holds it."),
    "conditions": (
        "gateway.cli.conditions:command",
        "The hours of the machines: level, diagnosis, wear, remaining life.",
    ),
    "orders": ("gateway.cli.orders:command", "The work orders, and what still waits to be sent."),
    "alarms": ("gateway.cli.alarms:command", "How much people are rung, by what, and what a route would say."),
    "acknowledge": ("gateway.cli.acknowledge:command", "Tell the gateway that somebody has seen an incident."),
    "shelve": ("gateway.cli.shelve:command", "Quiet for an incident, for a time."),
    "unshelve": ("gateway.cli.unshelve:command", "Take an incident off the shelf before its time."),
    "window": ("gateway.cli.window:command", "A station is under maintenance: no alarms from it, for a time."),
    "label": ("gateway.cli.label:command", "What a part truly was; recipes become better by it."),
    "propose": ("gateway.cli.propose:command", "The next version of a recipe, from labels, with its figures."),
    "activate": ("gateway.cli.activate:command", "Put a version of a recipe to use while the gateway runs."),
    "accept-sound": ("gateway.cli.accept_sound:command", "What a microphone hears now is normal: learn it anew."),
    "maintenance-done": ("gateway.cli.maintenance_done:command", "A machine was worked on: learn its sound anew."),
    "order": ("gateway.cli.order:command", "Ask for the order of an incident that was withheld."),
    "user": ("gateway.cli.user:command", "Who may change something by page or API."),
    "simulate": ("gateway.cli.simulate:command", "The other sides (plc, maximo, line) as programs of their own."),
    "devices": ("gateway.cli.devices:command", "Audio devices and channels, with a level meter."),
    "backup": ("gateway.cli.backup:command", "Store, recipes, site file, people and certificates as one file."),
    "restore": ("gateway.cli.restore:command", "A backup back into a folder, checked first."),
    "completion": ("gateway.cli.completion:command", "What makes a shell complete commands and options."),
}

#: What a room raises when the world is not as it should be, and what the command then ends with. Named by text, so
#: that no room is imported for the sake of an error it never raised.
FAULTS = {
    "config.load:SiteError": 2,
    "models.recipe_files:RecipeError": 3,
    "models.model_card:ModelError": 3,
    "models.taught:TeachError": 1,
    "gateway.audio.files:SoundFileError": 1,
    "gateway.audio.source:SourceFault": 1,
    "gateway.store.database:StoreError": 1,
    "gateway.archive:ArchiveError": 1,
    "gateway.serve.people:PeopleError": 1,
    "gateway.pilot.labels:LabelsError": 1,
    "gateway.pilot.payback:CostsError": 1,
    "config.values:SecretFault": 2,
    "gateway.cli.demo:DemoFault": 1,
    "connectors.plc.port:PlcFault": 1,
    "connectors.plc.trust:TrustError": 1,
    "connectors.cmms.port:CmmsFault": 1,
    "connectors.notify.port:NotifyFault": 1,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    Parameters
    ----------
    arguments
        What stands after ``wheeltapper``; of this process where None.
    """
    try:
        code = _command(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # `wheeltapper judge ... | head`: nobody reads on, and there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter flushes once more and fails
        return 1
    return code


def _command(given: list[str]) -> int:
    if not given or given[0] in {"--help", "-h", "help"}:
        _overview()
        return 0
    if given[0] == "--version":
        say(f"wheeltapper {version('wheeltapper')}")
        return 0
    name = given[0]
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        note(f"wheeltapper: there is no command {name}; " + (f"did you mean {near[0]}?" if near else "see --help"))
        return 2
    return _run(name, given[1:])


def _run(name: str, arguments: list[str]) -> int:
    limit_threads()
    try:
        typer_of(name)(arguments, prog_name=f"wheeltapper {name}")
    except SystemExit as end:  # typer always ends this way
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except _known() as fault:
        note(str(fault))
        return _code(fault)
    return 0


def typer_of(name: str) -> typer.Typer:
    """Import a command and give it as typer wants it."""
    module, attribute = COMMANDS[name][0].split(":")
    command: typer.Typer | Callable[..., None] = getattr(import_module(module), attribute)
    if isinstance(command, typer.Typer):
        return command
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(command)
    return app


def _known() -> tuple[type[BaseException], ...]:
    return tuple(kind for kind, _ in _codes())


def _code(fault: BaseException) -> int:
    return next(code for kind, code in _codes() if isinstance(fault, kind))


def _codes() -> Iterator[tuple[type[BaseException], int]]:
    """Give the faults of the rooms this process has entered; one that was not imported cannot have been raised."""
    for place, code in FAULTS.items():
        module, name = place.split(":")
        if module in sys.modules:
            yield getattr(sys.modules[module], name), code


def _overview() -> None:
    say("wheeltapper listens to every part and every machine of a line.\n")
    say("  wheeltapper COMMAND --help tells more of each:\n")
    for name, (_, line) in COMMANDS.items():
        say(f"  {name:<18}{line}")
    say("\nIt is an indication by sound, not a safety function.")


if __name__ == "__main__":
    sys.exit(main())
