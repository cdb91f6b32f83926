"""The site file `wheeltapper new` writes: few keys, each with a word on why."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said."""

    line: str
    timezone: str
    hears: str  #: parts | machine
    plc: str  #: opcua | modbus
    address: str
    security: str
    tags: str  #: OPC UA: prefix
    block: int  #: Modbus
    station: str
    part_type: int
    asset: str
    rpm: float  #: 0 = not known
    device: str  #: empty = simulated
    channel: int
    rate: int
    page: bool


def site_text(told: Answers) -> str:
    """Write the file's text."""
    pieces = [_head(told)]
    if told.hears == "parts":
        pieces.append(_plc(told))
    pieces += [_station(told), _parts(told) if told.hears == "parts" else _machine(told)]
    if told.page:
        pieces.append(_PAGE)
    return "\n".join(pieces)


_PAGE = """[serve]
page = "http://127.0.0.1:8080"       # on this PC alone; read-only until `wheeltapper user` names people
"""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML string


def _head(told: Answers) -> str:
    return f"""# Every key: docs/site-file.md; all faults at once: wheeltapper check FILE.
# Paths are relative to this file.

[line]
name = {_text(told.line)}
timezone = {_text(told.timezone)}

[store]
sound = "never"                      # numbers alone; "rejects" keeps the sound of rejected parts (docs/privacy.md)
"""


def _plc(told: Answers) -> str:
    if told.plc == "modbus":
        return f"""[plc.main]
kind = "modbus"
host = {_text(told.address)}
"""
    trust = "# its certificate: wheeltapper trust FILE" if told.security != "None" else "# readable by whoever listens"
    return f"""[plc.main]
kind = "opcua"
url = {_text(told.address)}
security = {_text(told.security)}  {trust}
# user = "wheeltapper"
# password = "${{PLC_PASSWORD}}"        # from the environment; a secret never stands here
"""


def _station(told: Answers) -> str:
    kind = "castings" if told.hears == "parts" else "pump"
    source = (
        f'{{ kind = "microphone", device = {_text(told.device)}, channel = {told.channel}, rate = {told.rate} }}'
        if told.device
        else f'{{ kind = "simulated", sound = "{kind}", rate = {told.rate} }}  # no microphone was found'
    )
    return f"""[[station]]
name = {_text(told.station)}
mode = "observe"                     # writes nothing to the PLC; then "shadow" (judges), then "active" (tells the PLC)
source = {source}
"""


def _parts(told: Answers) -> str:
    where = f"block = {told.block}" if told.plc == "modbus" else f"tags = {_text(told.tags)}"
    return f"""[station.parts]
plc = "main"
{where}
recipes = {{ {told.part_type} = "recipes/{told.station}-{told.part_type}" }}  # PartType -> what was learned for it
teach_parts = 60                     # until the recipe is there, Mode 3 teaches it; or wheeltapper record and teach
capture = {{ after_ms = 20, length_ms = 300 }}  # where the part's sound lies, counted from the trigger
"""


def _machine(told: Answers) -> str:
    speed = (
        f"rpm = {told.rpm:g}" if told.rpm else "# rpm = 1480                       # a diagnosis of bearings needs it"
    )
    return f"""[station.machine]
asset = {_text(told.asset)}
{speed}
# bearings = [{{ name = "drive end", type = "6205" }}]
learn = "10 min"                     # of running sound: what is normal here
"""
