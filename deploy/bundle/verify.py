"""Compare every file of an unpacked bundle with SHA256SUMS; one line for each that differs, lacks or is not listed."""

import hashlib
import sys
from pathlib import Path

LIST = "SHA256SUMS"


def faults(folder: Path) -> list[str]:
    """Say what is wrong with a bundle; nothing where all is as it was made."""
    listed = {}
    for line in (folder / LIST).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    found = []
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name}: missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            found.append(f"{name}: changed since the bundle was made")
    there = {path.relative_to(folder).as_posix() for path in (folder / "wheels").glob("*")}
    return found + [f"{name}: not of this bundle" for name in sorted(there - listed.keys())]


if __name__ == "__main__":
    wrong = faults(Path(__file__).resolve().parent)
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    sys.stdout.write("the bundle is damaged: carry it over again\n" if wrong else "every file is as it was made\n")
    sys.exit(bool(wrong))
