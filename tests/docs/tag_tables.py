"""The tags of the gateway's own servers, printed from the tables the servers are made from."""

from collections.abc import Iterator, Sequence

from gateway.processes.alarms import GATEWAY_ALARMS, STATION_ALARMS
from gateway.serve.gateway_tags import GATEWAY
from gateway.serve.modbus import BLOCK, places
from gateway.serve.sound_tags import SOUNDS
from gateway.serve.tag import Kind, Tag
from gateway.serve.tags import alarm_tags, tags_of
from gateway.serve.units import UNECE

_FLOWS = {"parts": (True, False), "machine": (False, True), "both": (True, True)}


def section() -> str:
    """Every tag of a station and of the gateway, as Markdown."""
    columns = {flow: _registers(parts=parts, machine=machine) for flow, (parts, machine) in _FLOWS.items()}
    lines = [
        "The last three columns are the tag's first Modbus register, counted from the beginning of the station's block",
        f"(station *n* of the site file begins at {BLOCK} *n*, from 0): for a station that judges parts, for one",
        "that watches a machine, and for one that does both.",
        "",
        "| folder / name | type | unit, range or words | meaning | parts | machine | both |",
        "|---|---|---|---|--:|--:|--:|",
    ]
    for tag in _plain(tags_of(parts=True, machine=True, alarms=())):
        offsets = (str(column.get((tag.folder, tag.name), "")) for column in columns.values())
        lines.append(f"| {' | '.join((*_cells(tag), *offsets))} |")
    lines += [f"| {' | '.join((*_cells(tag), '', '', ''))} |" for tag in SOUNDS]
    lines += ["", "Tags of `Sounds` lie behind a station's alarms in its block, in this order: they move nothing."]
    lines += ["", *_alarms(columns), "", *_gateway()]
    return "\n".join(lines) + "\n"


def _registers(*, parts: bool, machine: bool) -> dict[tuple[str, str], int]:
    tags = tags_of(parts=parts, machine=machine, alarms=STATION_ALARMS)
    return {(p.tag.folder, p.tag.name): p.address for p in places([("station", tags)]) if p.station}


def _plain(tags: Sequence[Tag]) -> Sequence[Tag]:
    return [tag for tag in tags if not tag.folder.startswith("Alarms")]


def _cells(tag: Tag) -> tuple[str, ...]:
    kind = "UInt32, words" if tag.kind is Kind.WORDS else tag.kind.value
    return f"`{tag.folder}/{tag.name}`", kind, _range(tag), tag.text


def _range(tag: Tag) -> str:
    if tag.kind is Kind.WORDS:
        return ", ".join(f"{number} {word}" for number, word in enumerate(tag.words))
    if not tag.unit:
        return ""
    unit = "" if tag.unit == "1" else f" {tag.unit} ({UNECE[tag.unit][0]})"
    return f"{tag.low:g} .. {tag.high:g}{unit}"


def _alarms(columns: dict[str, dict[tuple[str, str], int]]) -> Iterator[str]:
    fields = alarm_tags("X")
    yield f"Each alarm is a folder `Alarms/<name>` with {len(fields)} tags:"
    yield ""
    yield "| name | type | meaning |"
    yield "|---|---|---|"
    for tag in fields:
        yield f"| `{tag.name}` | {tag.kind.value} | {tag.text} |"
    yield ""
    yield "| alarm of a station | parts | machine | both |"
    yield "|---|--:|--:|--:|"
    for name in STATION_ALARMS:
        offsets = (str(column[f"Alarms/{name}", "Active"]) for column in columns.values())
        yield f"| `{name}` | {' | '.join(offsets)} |"
    yield ""
    names = ", ".join(f"`{name}`" for name in GATEWAY_ALARMS)
    yield f"Alarms of the gateway: {names}. The registers hold `Active` alone."


def _gateway() -> Iterator[str]:
    offsets = {(p.tag.folder, p.tag.name): p.address for p in places([]) if not p.station}
    yield "The gateway itself stands beside the stations: `<line>/Gateway/...` and `<line>/Alarms/...`. Its block is"
    yield "the one behind the last station's."
    yield ""
    yield "| folder / name | type | meaning | register in its block |"
    yield "|---|---|---|--:|"
    for tag in GATEWAY:
        offset = offsets.get((tag.folder, tag.name), "")
        yield f"| `{tag.folder}/{tag.name}` | {tag.kind.value} | {tag.text} | {offset} |"
    for name in GATEWAY_ALARMS:
        yield f"| `Alarms/{name}/Active` | Boolean | see above | {offsets[f'Alarms/{name}', 'Active']} |"
