"""Write the offline bundle of one platform: every wheel of the lock, ours, an installer, licences, one list of hashes.

Run by `make bundle`. The lock (written by uv) says of every package who wants it, so what runs on a line is told from
what only developers need without asking the network; pip then downloads exactly those files and checks each hash.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
OURS = "wheeltapper (pyproject.toml)"  #: as uv names what the project itself wants, without its groups
TOP = "wheeltapper"
#: What lies beside the wheels, and where in the tree it comes from.
CARRIED = (
    *("LICENSE", "NOTICE", "docs", "config/examples"),
    *("deploy/wheeltapper.service", "deploy/windows", "deploy/prometheus", "deploy/grafana"),
)


@dataclass(frozen=True, slots=True)
class Platform:
    """What pip and the markers of a lock want to know of the PC that has no internet."""

    tags: tuple[str, ...]  #: newest first; glibc 2.28 is Debian 10, RHEL 8
    system: str  #: sys_platform
    machine: str  #: platform_machine


PLATFORMS = {
    "linux-x86_64": Platform(
        ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"), "linux", "x86_64"
    ),
    "linux-arm64": Platform(
        ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"), "linux", "aarch64"
    ),
    "windows": Platform(("win_amd64",), "win32", "AMD64"),
}


def needed(lock: str, platform: Platform, python: str) -> list[str]:
    """Pick the blocks of a lock that a line needs on a platform, in the lock's order, without their markers.

    Parameters
    ----------
    lock
        As `uv pip compile --generate-hashes` writes it, with its ``# via`` lines.
    platform
        Where they are installed.
    python
        As in ``3.11``.
    """
    blocks = [block for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock) if block.strip()]
    wanted: dict[str, str] = {}
    by: dict[str, set[str]] = {}
    environment = _environment(platform, python)
    for block in blocks:
        head = block.splitlines()[0].rstrip(" \\")
        name, marker = head.split("==")[0].strip(), head.partition(";")[2].strip()
        if marker and not Marker(marker).evaluate(environment):
            continue
        wanted[name] = block.replace(f" ; {marker}", "") if marker else block
        by[name] = set(_wanted_by(block))
    return [wanted[name] for name in wanted if name in _reached(by)]


def _wanted_by(block: str) -> list[str]:
    lines = [line.strip()[1:].strip() for line in block.splitlines() if line.strip().startswith("#")]
    return [line.removeprefix("via").strip() for line in lines if line.removeprefix("via").strip()]


def _reached(by: Mapping[str, set[str]]) -> set[str]:
    """Everything that stands on a chain of wants which begins with the project itself."""
    reached = {OURS}
    while more := {name for name, wants in by.items() if name not in reached and wants & reached}:
        reached |= more
    return reached


def _environment(platform: Platform, python: str) -> dict[str, str]:
    windows = platform.system == "win32"
    return {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform.system,
        "platform_machine": platform.machine,
        "platform_system": "Windows" if windows else "Linux",
        "os_name": "nt" if windows else "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }


def bundle(name: str, python: str, folder: Path) -> Path:
    """Write ``wheeltapper-VERSION-NAME-pyPYTHON.zip`` into a folder and return its path."""
    platform = PLATFORMS[name]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    stem = f"{TOP}-{version}-{name}-py{python.replace('.', '')}"
    stage = folder / stem
    shutil.rmtree(stage, ignore_errors=True)
    wheels = stage / "wheels"
    wheels.mkdir(parents=True)
    _carry(stage)
    listed = stage / "requirements.txt"
    listed.write_text("".join(needed((ROOT / "requirements.lock").read_text(encoding="utf-8"), platform, python)))
    tags = [word for tag in platform.tags for word in ("--platform", tag)]
    _pip("download", "--require-hashes", "--no-deps", "--only-binary=:all:", "--python-version", python,
         "--implementation", "cp", *tags, "-r", str(listed), "-d", str(wheels))  # fmt: skip
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(ROOT))
    for script in ("install.sh", "install.ps1", "verify.py"):
        shutil.copy(HERE / script, stage / script)
    _licences(wheels, stage / "licences")
    _hashes(stage)
    return _zipped(stage, folder / f"{stem}.zip")


def _carry(stage: Path) -> None:
    for path in CARRIED:
        source, target = ROOT / path, stage / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)


def _licences(wheels: Path, folder: Path) -> None:
    """Copy every licence text out of the wheels: who unpacks the bundle reads them without installing anything."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.namelist():
                if re.search(
                    r"\.dist-info/(licen[sc]es?/)?[^/]*(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", entry, re.I
                ):
                    target = folder / wheel.name.split("-")[0] / Path(entry).name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(entry))


def _hashes(stage: Path) -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(stage).as_posix()}\n"
        for path in sorted(stage.rglob("*"))
        if path.is_file()
    ]
    (stage / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def _zipped(stage: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # wheels are compressed already
        for path in sorted(stage.rglob("*")):
            if path.is_file():
                archive.write(path, f"{stage.name}/{path.relative_to(stage).as_posix()}")
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_suffix(".zip.sha256").write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    return target


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments], check=True)  # noqa: S603  our own words


def main() -> None:
    """Write the bundles asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("platforms", nargs="*", default=list(PLATFORMS), help=" ".join(PLATFORMS))
    parser.add_argument("--python", default="3.11", help="of the PC without internet; 3.11 unless said")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "bundle")
    given = parser.parse_args()
    for name in given.platforms or list(PLATFORMS):
        if name not in PLATFORMS:
            parser.error(f"found {name}; wanted {', '.join(PLATFORMS)}")
        made = bundle(name, given.python, given.to)
        sys.stdout.write(f"{made}  {made.stat().st_size / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
