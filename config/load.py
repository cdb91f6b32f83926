"""A TOML file becomes a `Site`, or a list of all its faults at once."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config.references import reference_faults
from config.site import Site


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a site file."""

    where: str  #: path in the file, as station[0].parts.deadline_ms
    sentence: str  #: what was found, what was wanted, how to mend it


class SiteError(Exception):
    """A site file that cannot be used; `faults` holds every fault of it."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.file = file
        self.faults = tuple(faults)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line a fault and a last one that counts them."""
        many = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        faults = [
            f"{self.file}: {f.where}: {f.sentence}" if f.where else f"{self.file}: {f.sentence}" for f in self.faults
        ]
        return [*faults, f"{many}. Nothing was started."]


def load(path: Path) -> Site:
    """Read and check a site file; relative paths in it are taken relative to the file.

    Raises
    ------
    SiteError
        With every fault found, not only the first.
    """
    raw = _read(path)
    folder = path.resolve().parent
    faults: list[Fault] = []
    site: Site | None = None
    try:
        site = Site.model_validate(raw)
    except ValidationError as error:
        faults += _schema_faults(raw, error.errors(include_url=False))
    faults += [Fault(where, sentence) for where, sentence in reference_faults(raw, folder)]
    if site is None or faults:
        raise SiteError(path.name, _once_each(faults))
    resolved: Site = _resolved(site, folder)
    return resolved


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SiteError(
            path.name, [Fault("", f"no such file in {path.resolve().parent}; see config/examples for one to copy")]
        ) from None
    except UnicodeDecodeError as fault:
        line = path.read_bytes()[: fault.start].count(b"\n") + 1
        sentence = f"line {line} is not UTF-8; save it as UTF-8 (in an editor: Save as, encoding UTF-8)"
        raise SiteError(path.name, [Fault("", sentence)]) from None
    except OSError as fault:
        sentence = f"cannot be read ({fault.strerror or type(fault).__name__}); wanted a UTF-8 text file"
        raise SiteError(path.name or str(path), [Fault("", sentence)]) from None
    except tomllib.TOMLDecodeError as fault:
        raise SiteError(path.name, [Fault("", f"is not TOML: {fault}")]) from None


def fault_of(table: type[BaseModel], key: str, value: object) -> str:
    """Say what is wrong with one value of a table's key, for who asks people for it; empty where it is taken."""
    try:
        TypeAdapter(table.model_fields[key].rebuild_annotation()).validate_python(value)
    except ValidationError as fault:
        return _sentence(fault.errors()[0])
    return ""


# ---- pydantic's words into ours -------------------------------------------------------------------------------------


def _schema_faults(raw: Mapping[str, Any], errors: Iterable[ErrorDetails]) -> list[Fault]:
    # A list whose items are all at fault is also reported as too short: true of the schema, nonsense to a reader.
    return [Fault(_where(raw, error), _sentence(error)) for error in errors if not _long_enough(error)]


def _long_enough(error: ErrorDetails) -> bool:
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _where(raw: object, error: ErrorDetails) -> str:
    """Path of a fault without the tags of unions, which stand in pydantic's path and not in the file."""
    text, here = "", raw
    for step in error["loc"]:
        if isinstance(step, int) and isinstance(here, list | tuple):
            text, here = f"{text}[{step}]", here[step] if step < len(here) else None
        elif isinstance(here, Mapping) and step != here.get("kind") and step != "[key]":
            key = step if step in here or str(step) not in here else str(step)
            text, here = f"{text}.{step}" if text else str(step), here.get(key)
    return text


def _sentence(error: ErrorDetails) -> str:  # noqa: C901, PLR0912  a dictionary of pydantic's words, one a line
    context, found = error.get("ctx", {}), _found(error)
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(error)
        case "missing":
            return "missing; this key has no default"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"found {found}; wanted {context['expected']}{_nearest(error['input'], context['expected'])}"
        case "union_tag_invalid":
            wanted = context["expected_tags"]
            return f"found kind = {context['tag']!r}; wanted {wanted}{_nearest(context['tag'], wanted)}"
        case "union_tag_not_found":
            return 'no kind; wanted kind = "..." first: it says which keys may follow'
        case "greater_than":
            return f"found {found}; wanted more than {context['gt']}"
        case "greater_than_equal":
            return f"found {found}; wanted at least {context['ge']}"
        case "less_than_equal":
            return f"found {found}; wanted at most {context['le']}"
        case "string_pattern_mismatch":
            return f"found {found}; wanted text like {_PATTERNS.get(context['pattern'], context['pattern'])}"
        case "string_too_long":
            return f"found {found}; wanted at most {context['max_length']} characters"
        case "string_too_short" | "too_short":
            return f"found {found}; wanted at least {context.get('min_length', 1)}"
        case kind:
            wanted = next((word for start, word in _WANTED.items() if kind.startswith(start)), error["msg"])
            return f"found {found}; wanted {wanted}"


_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "text in quotes",
    "bool": "true or false",
    "path": "a path in quotes",
    "model": "a table",
    "dict": "a table",
    "tuple": "a list",
}

_SECRETS = {"password", "key", "proxy", "secret", "urls"}  #: their values are never repeated: secret, or may hold one

_PATTERNS = {
    r"^(https?://[^/@?#\s]+(/[^@?#\s]*)?)?$": "https://wheeltapper.plant.example",
    r"^(https?://[^/@?#\s]+:\d{1,5})?$": "http://127.0.0.1:8080",
    r"^[A-Za-z0-9_-]{1,40}$": "pump-7 (letters, digits, _ and -, at most 40)",
    r"^opc\.tcp://.+": "opc.tcp://10.20.0.5:4840",
    r"^(opc\.tcp://.+)?$": "opc.tcp://127.0.0.1:4850",
    r"^https?://.+": "https://manage.example.com/maximo/api",
    r"^(.+:\d+)?$": "127.0.0.1:5020",
    r"^[A-Za-z0-9_]{1,30}$": "MXAPIWODETAIL",
    r"^(http://[^/@?#\s]+:\d{1,5})?$": "http://proxy.example.com:3128 (no user, no path)",
    r"^https?://\S+$": "https://hook.example.com/wheeltapper",
    r"^[^@\s,;<>]+@[^@\s,;<>]+$": "shift@plant.example",
    r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$": "22:00-06:00",
    r"^(https?://\S+)?$": "https://gateway.example.com/incidents",
}


def _found(error: ErrorDetails) -> str:
    if _SECRETS.intersection(error["loc"]):
        return "something (not shown)"
    text = repr(error["input"])
    return text if len(text) <= 60 else f"{text[:57]}..."


def _nearest(found: object, expected: str) -> str:
    options = [option.strip(" '") for option in expected.replace(" or ", ", ").split(",")]
    close = difflib.get_close_matches(str(found), options, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _unknown_key(error: ErrorDetails) -> str:
    key = str(error["loc"][-1])
    near = difflib.get_close_matches(key, _keys_at(error["loc"][:-1]), n=1, cutoff=0.6)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """Keys the schema knows at this place; of a union, those of the variant pydantic's path names."""
    tables: list[type[BaseModel]] = [Site]
    for step in location:
        if isinstance(step, int):
            continue
        fields = [table.model_fields[step].annotation for table in tables if step in table.model_fields]
        inner = [table for annotation in fields for table in _tables_in(annotation)]
        if inner:
            tables = inner
        else:
            tables = (
                [t for t in tables if step in get_args(t.model_fields["kind"].annotation)]
                if _is_kind(tables, step)
                else tables
            )
    return [key for table in tables for key in table.model_fields]


def _is_kind(tables: list[type[BaseModel]], step: str) -> bool:
    return all("kind" in t.model_fields for t in tables) and any(
        step in get_args(t.model_fields["kind"].annotation) for t in tables
    )


def _tables_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [table for part in get_args(annotation) for table in _tables_in(part)]


# ---- after it held --------------------------------------------------------------------------------------------------


def _once_each(faults: Iterable[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))


def _resolved(value: Any, folder: Path) -> Any:  # noqa: ANN401  the same type comes back
    """Return the same site with every relative path made absolute."""
    if isinstance(value, Path):
        return value if value.is_absolute() else folder / value
    if isinstance(value, BaseModel):
        changed = {key: _resolved(getattr(value, key), folder) for key in type(value).model_fields}
        return value.model_copy(update=changed)
    if isinstance(value, dict):
        return {key: _resolved(item, folder) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_resolved(item, folder) for item in value)
    return value
