"""Values of a site file that carry units or must not be read aloud: durations, sizes, secrets."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31557600.0}
_BYTES = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_NUMBER_AND_UNIT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)\s*")


def _with_unit(units: dict[str, float], example: str) -> BeforeValidator:
    def convert(found: Any) -> float:  # noqa: ANN401  whatever stands in the file
        match = _NUMBER_AND_UNIT.fullmatch(found) if isinstance(found, str) else None
        if match is None or match[2] not in units:
            raise ValueError(f'found {found!r}; wanted a number with a unit ({", ".join(units)}), as in "{example}"')
        return float(match[1]) * units[match[2]]

    return BeforeValidator(convert)


OptionalPath = Annotated[Path | None, BeforeValidator(lambda found: None if found == "" else found)]  #: empty = none
Duration = Annotated[float, _with_unit(_SECONDS, "10 min")]  #: seconds
Size = Annotated[float, _with_unit(_BYTES, "20GB")]  #: bytes


class SecretFault(Exception):
    """A secret cannot be had; the message never holds it."""


class Secret(BaseModel):
    """Where a secret is kept: ``"${NAME}"`` in the environment or ``{ file = "..." }``; never the secret itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = Field(None, description="Name of the environment variable that holds it.")
    file: Path | None = Field(None, description="File that holds it, readable by the gateway's user alone.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, found: Any) -> Any:  # noqa: ANN401  whatever stands in the file
        if not isinstance(found, str):
            return found
        match = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", found)
        if match is None:
            raise ValueError('a secret never stands here in clear; wanted "${NAME}" or { file = "..." }')
        return {"env": match[1]}

    @model_validator(mode="after")
    def _one_place(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError('wanted either "${NAME}" or { file = "..." }')
        return self

    def read(self) -> str:
        """Fetch the secret now.

        Raises
        ------
        SecretFault
            Where the variable is not set or the file cannot be read.
        """
        if self.env is not None:
            value = os.environ.get(self.env, "")
            if not value:
                raise SecretFault(f"the environment variable {self.env} is not set; set it for the gateway's service")
            return value
        assert self.file is not None
        try:
            value = self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise SecretFault(f"cannot read {self.file} ({type(fault).__name__}); wanted one line of text") from None
        if not value:
            raise SecretFault(f"{self.file} is empty; wanted the secret on its first line")
        return value
