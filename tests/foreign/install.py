"""Puts every client that is not ours under .foreign/, for `make test-foreign`.

OPC UA and Modbus clients and axe-core come from npm by package-lock.json; the Maximo clients have ways of their own
(install_maximo.py). What cannot be had is said, and its tests are skipped aloud.
"""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE_FOLDER = HERE.parents[1] / ".foreign" / "node"
INSTALL_S = 600


def install_node_clients() -> None:
    """Install exactly what package-lock.json says, once; no package runs a script of its own."""
    lock = (HERE / "package-lock.json").read_text()
    done = NODE_FOLDER / "installed"
    if done.is_file() and done.read_text() == lock:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, NODE_FOLDER / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, check=True, timeout=INSTALL_S, capture_output=True, text=True, cwd=NODE_FOLDER)
    done.write_text(lock)


def main() -> None:
    """Install all; say what could not be."""
    try:
        install_node_clients()
    except (OSError, subprocess.SubprocessError) as error:
        # Left unmarked, so that the next run tries again.
        why = str(getattr(error, "stderr", None) or error).strip().splitlines()
        sys.stderr.write(f"node-opcua, modbus-serial, axe-core: not installed ({why[-1] if why else 'npm failed'})\n")
    else:
        sys.stderr.write("node-opcua, modbus-serial, axe-core: ready\n")
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        sys.stderr.write(
            "chromium: not there; the tests of the page in a browser are skipped (apt-get install chromium)\n"
        )
    runpy.run_path(str(HERE / "install_maximo.py"), run_name="__main__")


if __name__ == "__main__":
    main()
