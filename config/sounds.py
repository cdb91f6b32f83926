"""The sound events of a station in the site file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.table import Name, Table
from config.values import Duration

Severity = Literal["warning", "critical"]


class Sounds(Table):
    """The sound events of a station: kinds of sound taught by a few examples."""

    kinds: Path = Field(description="Folder of the kinds, as `wheeltapper teach-sounds` writes it.")
    zone: str = Field("", max_length=60, description="Where the microphone hears, for people.")
    asset: str = Field("", max_length=25, description="The CMMS's number of the place; needed for orders.")
    orders: Name | None = Field(None, description="Which [cmms.NAME] receives orders; none = incidents only.")
    severity: Severity = Field("critical", description="Of every kind not named below.")
    severities: dict[str, Severity] = Field(default_factory=dict, description="Of single kinds, by name.")
    persist: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1, le=100)]] = Field(
        (1, 1), description="m of the last n windows of 500 ms, 250 ms apart, raise it."
    )
    quiet: Duration = Field(30.0, ge=1, le=86_400, description="Not heard for so long: over.")

    @model_validator(mode="after")
    def _fits(self) -> "Sounds":
        if self.orders and not self.asset:
            raise ValueError("found orders and no asset; wanted the CMMS's number of the place an order is about")
        if self.persist[0] > self.persist[1]:
            raise ValueError(f"found persist {self.persist[0]} of {self.persist[1]}; wanted m of n with m <= n")
        return self
