"""Puts two Maximo clients that are not ours under .foreign/: one of PyPI, one of npm.

Run by `make test-foreign` before the tests. What cannot be had (no node, no network) is said, and its tests are skipped
aloud. Neither is ever imported by the gateway: the Python client's modules are called `core` and `tools`, so it gets an
environment of its own; the npm client's package list names a package that is gone, so its two archives are unpacked
without asking npm to resolve anything.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

FOREIGN = Path(__file__).resolve().parents[2] / ".foreign"
PYTHON_CLIENT = "maximo-enterprise-mcp==1.1.0"
NODE_CLIENT = ("ibm-maximo-api@1.0.15", "q@1.5.1")
INSTALL_S = 600


def install_python_client(folder: Path) -> None:
    """Make an environment with the client of PyPI in it."""
    done = folder / "installed"
    if done.is_file() and done.read_text() == PYTHON_CLIENT:
        return
    venv.create(folder, clear=True, with_pip=True)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", PYTHON_CLIENT]
    subprocess.run(pip, check=True, timeout=INSTALL_S, capture_output=True, text=True)
    done.write_text(PYTHON_CLIENT)


def install_node_client(folder: Path) -> None:
    """Fetch the archives of npm and unpack them where node looks for modules."""
    done = folder / "installed"
    if done.is_file() and done.read_text() == " ".join(NODE_CLIENT):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory() as archives:
        command = [npm, "pack", "--silent", "--pack-destination", archives, *NODE_CLIENT]
        subprocess.run(command, check=True, timeout=INSTALL_S, capture_output=True, text=True, cwd=archives)
        for name in NODE_CLIENT:
            package, _, version = name.partition("@")
            target = folder / "node_modules" / package
            shutil.rmtree(target, ignore_errors=True)
            with tarfile.open(Path(archives) / f"{package}-{version}.tgz") as archive:
                archive.extractall(folder / "unpacked", filter="data")
            target.parent.mkdir(parents=True, exist_ok=True)
            (folder / "unpacked" / "package").rename(target)
    done.write_text(" ".join(NODE_CLIENT))


def main() -> None:
    """Install both; say what could not be."""
    for name, install in (("maximo-py", install_python_client), ("maximo-node", install_node_client)):
        try:
            install(FOREIGN / name)
        except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
            # Left unmarked, so that the next run tries again; the tests skip aloud meanwhile.
            why = str(getattr(error, "stderr", None) or error).strip().splitlines()
            sys.stderr.write(f"{name}: not installed ({why[-1] if why else type(error).__name__})\n")
        else:
            sys.stderr.write(f"{name}: ready\n")


if __name__ == "__main__":
    main()
