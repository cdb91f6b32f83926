"""Which packages run with wheeltapper, and under which licence, read from what is installed."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

from tests.docs.pages import ROOT

#: What some packages call their licence, as an SPDX expression.
_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License": "ISC",
    "GNU Lesser General Public License v3 or later": "LGPL-3.0-or-later",
}
#: Of what only another platform installs.
_ELSEWHERE = {"colorama": "BSD-3-Clause", "tzdata": "Apache-2.0"}
_CLASSIFIERS = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Python Software Foundation License": "PSF-2.0 (its own text, after that of Python)",
}


def locked() -> dict[str, set[str]]:
    """Every package of requirements.lock with those that ask for it; (direct) is wheeltapper itself."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"^([a-z0-9._-]+)==", line):
            name = match[1]
            found.setdefault(name, set())
        elif match := re.match(r"^ +#(?: via)? +([a-z0-9][a-z0-9._-]*(?: \(.*\))?)$", line):
            found[name].add(match[1])
    return found


def runtime() -> list[str]:
    """Packages of the lock that wheeltapper needs to run, on whatever platform, in the order of the alphabet."""
    asked_by = locked()
    kept = {name for name, by in asked_by.items() if "wheeltapper (pyproject.toml)" in by}
    while more := {name for name, by in asked_by.items() if name not in kept and by & kept}:
        kept |= more
    return sorted(kept)


def declared() -> set[str]:
    """Packages that pyproject.toml names itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {Requirement(text).name for text in project["dependencies"]}


def licence_of(name: str) -> str | None:
    """Licence of an installed package as an SPDX expression; None where this platform does not have it."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        return None
    if expression := metadata["License-Expression"]:
        return str(expression)
    text = (metadata["License"] or "").strip()
    if text and len(text) < 60 and "\n" not in text:
        return _SPDX.get(text, text)
    classifiers = [c.rsplit(" :: ", 1)[-1] for c in metadata.get_all("Classifier") or [] if c.startswith("License")]
    return " OR ".join(_CLASSIFIERS.get(c, c) for c in classifiers) or "not said"


def section() -> str:
    """Make the list as Markdown."""
    direct, asked_by = declared(), locked()
    lines = ["| package | asked for by | licence |", "|---|---|---|"]
    for name in runtime():
        licence = licence_of(name) or _ELSEWHERE[name]
        by = sorted(b for b in asked_by[name] if b in runtime())
        who = "wheeltapper" if name in direct else ", ".join(by)
        lines.append(f"| {name} | {who} | {licence} |")
    return "\n".join(lines) + "\n"
