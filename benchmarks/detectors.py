"""What a detector costs for one 500 ms window, beside the library it comes from; and log-mel beside librosa.

    python -m benchmarks.detectors

One thread, one window at a time, 128 numbers a window, a thousand good windows taught (2000 for the nearest
neighbour). librosa is looked for in this environment, or in the one whose python LIBROSA_PYTHON names; where there is
none that is said, and its row left out. Writes its sections of docs/performance.md.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/performance.md"


def write_section(name: str, text: str) -> None:
    """Put measured figures between their marks in docs/performance.md, and show them."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = DOCUMENT.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise SystemExit(f"{DOCUMENT}: no line {begin.strip()} to write the figures under")
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    print(text)
