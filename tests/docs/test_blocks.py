"""What the documents show can be done: commands exist, site files load, marked blocks run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from config.load import SiteError, load
from config.site import Station
from gateway.cli.app import COMMANDS, typer_of
from tests.docs.pages import ROOT, every_block, name_of, pages, spans

_COMMAND = re.compile(r"(?:^|[\s/\\`])wheeltapper(?:\.exe)? (?P<rest>(?:--version|--help|[a-z]+)[^`\n|;&#]*)")
_WHOLE = ("[line]", "[[station]]")  #: a block with both is a whole site file


def command_lines():
    """Every `wheeltapper ...` of the documents, with where it stands."""
    shown = [
        (block.where, line.replace("\\\n", " "))
        for block in every_block("sh", "")
        for line in block.text.replace("\\\n", " ").splitlines()
    ]
    told = [(name_of(page), span) for page in pages() for span in spans(page)]
    return [(where, match["rest"]) for where, line in shown + told for match in _COMMAND.finditer(line.strip())]


@pytest.mark.parametrize(("where", "rest"), command_lines(), ids=lambda found: str(found)[:60])
def test_a_command_that_is_shown_exists_with_its_options(where, rest):
    name, *words = shlex.split(rest, comments=True)
    if name in ("--help", "--version"):
        return
    assert name in COMMANDS, f"{where}: there is no command {name}"
    command = typer.main.get_command(typer_of(name))
    if hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{where}: there is no {name} {words[0]}"
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    used = [word.partition("=")[0].strip("[]") for word in words if word.strip("[").startswith("-")]
    unknown = [word for word in used if word not in known | {"--help"}]
    assert not unknown, f"{where}: {name} has no {', '.join(unknown)}"


@pytest.mark.parametrize("block", every_block("toml"), ids=lambda block: block.where)
def test_a_site_file_that_is_shown_loads(block, tmp_path):
    if not all(table in block.text for table in _WHOLE):
        return
    tables = tomllib.loads(block.text)
    for station in tables["station"]:
        for recipe in station.get("parts", {}).get("recipes", {}).values():
            (tmp_path / recipe).mkdir(parents=True, exist_ok=True)
    site = tmp_path / "line.toml"
    site.write_text(block.text, encoding="utf-8")
    load(site)


@pytest.mark.parametrize("block", every_block("toml"), ids=lambda block: block.where)
def test_a_piece_of_a_site_file_that_is_shown_has_no_unknown_key(block, tmp_path):
    """A piece alone lacks tables and may show one key several times; what it may not have is a key nobody knows."""
    if all(table in block.text for table in _WHOLE) or "[project" in block.text:
        return
    site = tmp_path / "piece.toml"
    for piece in _pieces(block.text):
        site.write_text(piece, encoding="utf-8")
        try:
            load(site)
        except SiteError as error:
            found = [f.sentence for f in error.faults if "unknown key" in f.sentence or "is not TOML" in f.sentence]
            assert not found, f"{block.where}: {found}"


def _pieces(text):
    """Give tables as they are; bare keys of a station, one by one, inside one."""
    if re.search(r"^\[", text, re.M):
        yield text
        return
    for line in re.split(r"\n(?=\w+ = )", text.strip()):
        key = line.partition("=")[0].strip()
        if key in Station.model_fields:
            yield f"[[station]]\n{line}\n"
        elif key:
            assert any(key in _keys_of(table) for table in _tables()), f"no table has the key {key}"


def _tables():
    from tests.docs.site_keys import TABLES

    return [table for _, table in TABLES]


def _keys_of(table):
    return set(table.model_fields)


@pytest.mark.parametrize("block", [block for block in every_block("sh") if block.run], ids=lambda block: block.where)
@pytest.mark.skipif(sys.platform == "win32", reason="the blocks are written for a POSIX shell")
def test_a_block_that_is_marked_runs(block, tmp_path):
    """In a folder with the examples and nothing else, so that the tree stays as it is."""
    shutil.copytree(ROOT / "config" / "examples", tmp_path / "config" / "examples")
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-eu", "-c", block.text],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, f"{block.where}: {done.stderr or done.stdout}"


def test_every_target_of_make_that_is_told_exists():
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    lines = [line for block in every_block("sh", "") for line in block.text.splitlines()]
    lines += [span for page in pages() for span in spans(page)]
    told = {match[1] for line in lines for match in [re.match(r"(?:sudo )?make ([a-z-]+)", line.strip())] if match}

    assert told
    assert not sorted(told - known)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_program_of_the_tree_that_a_page_tells_to_run_exists(page):
    text = page.read_text(encoding="utf-8")
    modules = re.findall(r"python -m ((?:benchmarks|tests)\.[\w.]*\w)", text)
    rooms = "benchmarks|config|gateway|connectors|analytics|models|tests|deploy"
    files = re.findall(rf"(?<![./\w])((?:{rooms})/[\w./-]*\w)", text)
    wanted = [f"{module.replace('.', '/')}.py" for module in modules] + files
    missing = [name for name in wanted if not (ROOT / name).exists() and not (ROOT / f"{name}.py").exists()]

    assert not [name for name in missing if name not in _EXAMPLES]


_EXAMPLES = {block.text.split()[1] for block in every_block("python")}
