"""The reference of the site file, printed from its schema."""

from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import config.machine as machine_schema
import config.parts as parts_schema
import config.plc as plc_schema
import config.site as schema
import config.source as source_schema
from config import alerts as alert_schema
from config.array import Array
from config.cmms import MaximoSettings
from config.load import _PATTERNS
from config.sounds import Sounds
from config.tag import Tag
from config.values import _BYTES, _SECONDS, Duration, Secret, Size

#: As they are written in a file, in the order of reading; several places share one table.
TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[line]", schema.Line),
    ("[store]", schema.Store),
    ("keep of [store]", schema.Keep),
    ('[plc.NAME], kind = "opcua"', plc_schema.OpcUaPlcSettings),
    ('[plc.NAME], kind = "modbus"', plc_schema.ModbusPlcSettings),
    ('[plc.NAME], kind = "modbus-server"', plc_schema.ModbusServerSettings),
    ('[cmms.NAME], kind = "maximo"', MaximoSettings),
    ("[[station]]", schema.Station),
    ('source and ambient, kind = "microphone"', source_schema.Microphone),
    ('source and ambient, kind = "recording"', source_schema.RecordingSource),
    ('source and ambient, kind = "simulated"', source_schema.SimulatedSource),
    ("[station.parts]", parts_schema.Parts),
    ("capture of [station.parts]", parts_schema.CaptureWindow),
    ("[station.parts.master]", parts_schema.MasterParts),
    ("[station.machine]", machine_schema.Machine),
    ("bearings of [station.machine]", machine_schema.Bearing),
    ("speed and runs of [station.machine]", Tag),
    ("covariates of [station.machine]", machine_schema.Covariate),
    ("indicators of [station.machine]", machine_schema.Indicator),
    ("[station.sounds]", Sounds),
    ("[station.array]", Array),
    ('[notify.NAME], kind = "pagerduty"', alert_schema.PagerDutyChannel),
    ('[notify.NAME], kind = "smtp"', alert_schema.SmtpChannel),
    ('[notify.NAME], kind = "webhook"', alert_schema.WebhookChannel),
    ('[notify.NAME], kind = "alertmanager"', alert_schema.AlertmanagerChannel),
    ('[notify.NAME], kind = "apprise"', alert_schema.AppriseChannel),
    ("[[route]]", alert_schema.Route),
    ("escalate of [[route]]", alert_schema.Escalation),
    ("[[inhibit]]", alert_schema.Inhibit),
    ("[[witness]]", alert_schema.Witness),
    ("[alerts]", alert_schema.Alerts),
    ("[serve]", schema.Serve),
)
_SIGNS = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))


def section() -> str:
    """All tables of the site file as Markdown."""
    return "\n".join(part for title, table in TABLES for part in _table(title, table))


def _table(title: str, table: type[BaseModel]) -> Iterator[str]:
    yield f"### `{title}`\n"
    yield f"{(table.__doc__ or '').strip().splitlines()[0]}\n"
    yield "| key | what may stand there | default | |\n|---|---|---|---|"
    for name, field in table.model_fields.items():
        sentence = "Says which keys may follow." if name == "kind" else _sentence(field)
        cells = (f"`{name}`", f"{_wanted(field)}{_bounds(field)}", _default(field), sentence)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _sentence(field: FieldInfo) -> str:
    if field.description:
        return field.description
    tables = tables_in(field.annotation)
    if len(tables) == 1:
        return (tables[0].__doc__ or "").strip().splitlines()[0]
    return "One of the tables below." if tables else ""


def tables_in(kind: Any) -> list[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [table for part in get_args(kind) for table in tables_in(part)]


def _wanted(field: FieldInfo) -> str:
    for unit, word in ((Duration, "duration"), (Size, "size")):
        if unit.__metadata__[0] in field.metadata or unit in get_args(field.annotation):
            return word
    return _word(field.annotation)


def _word(kind: Any) -> str:
    origin, arguments = get_origin(kind), [part for part in get_args(kind) if part is not NoneType]
    words = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", Secret: "secret"}
    if kind in words:
        return words[kind]
    if tables_in(kind) == [kind]:
        return "table"
    if origin is Literal:
        return ", ".join(f"`{_toml(value)}`" for value in arguments)
    if origin is dict:
        keys = [f"`{key}`" for key in get_args(arguments[0])] if get_origin(arguments[0]) is Literal else []
        return f"table of {', '.join(keys)}" if keys else f"table of {_word(arguments[1])}"
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {_word(arguments[0])}"
        return f"list of {len(arguments)}"
    if hasattr(kind, "__metadata__"):
        return _word(get_args(kind)[0])
    return _word(arguments[0])


def _bounds(field: FieldInfo) -> str:
    found = {name: getattr(rule, name) for rule in field.metadata for name in _RULES if hasattr(rule, name)}
    bounds = [f"{sign} {found[name]:g}" for name, sign in _SIGNS if found.get(name) is not None]
    if found.get("max_length") is not None:
        bounds.append(f"at most {found['max_length']}")
    if found.get("pattern"):
        bounds.append(f"as in {_PATTERNS[found['pattern']]}")
    return f", {', '.join(bounds)}" if bounds else ""


_RULES = ("ge", "gt", "le", "lt", "max_length", "pattern")


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "none"
    if field.default is PydanticUndefined:
        return "**required**"
    value = field.default
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, BaseModel):
        return "as below"
    if _wanted(field) == "duration":
        return f"`{_with_unit(value, _SECONDS)}`"
    if _wanted(field) == "size":
        return f"`{_with_unit(value, _BYTES)}`"
    return f"`{_toml(value)}`"


def _with_unit(value: float, units: dict[str, float]) -> str:
    """Say a value in the largest unit that leaves a whole number."""
    fitting = [unit for unit, size in units.items() if value >= size and (value / size).is_integer()]
    unit = max(fitting, key=units.__getitem__)
    return f'"{value / units[unit]:g} {unit}"'


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return f'"{value}"' if isinstance(value, str) else f'"{value.as_posix()}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
