"""Print the part of requirements.lock that runs on this very machine: for images, which are built where they run."""

import platform
import sys

from make import PLATFORMS, ROOT, needed

if __name__ == "__main__":
    machine = "linux-arm64" if platform.machine() in ("aarch64", "arm64") else "linux-x86_64"
    python = ".".join(map(str, sys.version_info[:2]))
    sys.stdout.write("".join(needed((ROOT / "requirements.lock").read_text("utf-8"), PLATFORMS[machine], python)))
