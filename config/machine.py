"""The machine flow of a station in the site file."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from config.table import Name, Table
from config.tag import Tag
from config.values import Duration


class Bearing(Table):
    """A bearing, by type or by its own fault orders."""

    name: str = Field(min_length=1, max_length=30, description='As a technician says it: "drive end".')
    type: str = Field("", description="Known types: docs/machines.md.")
    orders: dict[Literal["BPFO", "BPFI", "BSF", "FTF"], float] = Field(
        default_factory=dict, description="Multiples of the shaft speed, where the type is not known."
    )


class Covariate(Tag):
    """A plain tag that moves a machine's sound without wear: load, temperature, flow."""

    name: Name = Field(description='As people say it: "load".')


class Indicator(Table):
    """A band, a line or a modulation that speaks for one failure mode."""

    name: str = Field(min_length=1, max_length=30, description='As a technician says it: "blade pass line".')
    mode: Literal[
        "imbalance",
        "blade pass",
        "cavitation",
        "gear",
        "belt slip",
        "electrical hum",
        "air leak",
        "water leak",
        "structure",
        "other",
    ] = Field(description="Failure mode; where several indicators speak for one, all of them must.")
    band_hz: tuple[Annotated[float, Field(ge=0.5, le=200_000)], Annotated[float, Field(le=200_000)]] | None = Field(
        None, description="Low and high edge; alone: the level in it, with a line: the modulation of it."
    )
    order: float | None = Field(None, gt=0, le=500, description="Line at this multiple of the shaft speed.")
    hz: float | None = Field(None, ge=0.5, le=200_000, description="Line at this frequency.")
    multiples: int = Field(1, ge=1, le=10, description="So many multiples of the line are added up.")
    tolerance: float | None = Field(
        None, gt=0, le=0.2, description="Share the line may be off; of an order rpm_tolerance, of a frequency 0.005."
    )
    warning_db: float = Field(6.0, gt=0, le=60, description="Over the machine's own normal.")
    critical_db: float = Field(12.0, gt=0, le=60, description="Over the machine's own normal.")

    @model_validator(mode="after")
    def _one_form(self) -> "Indicator":
        if self.order is not None and self.hz is not None:
            raise ValueError("found order and hz; wanted one of them")
        if self.band_hz is None and self.order is None and self.hz is None:
            raise ValueError("found neither band_hz nor a line; wanted band_hz, order or hz")
        if self.band_hz is not None and self.band_hz[0] >= self.band_hz[1]:
            raise ValueError(f"found a band from {self.band_hz[0]:g} to {self.band_hz[1]:g} Hz; wanted low below high")
        return self


class Machine(Table):
    """The machine flow of a station."""

    asset: str = Field(min_length=1, max_length=25, description="The CMMS's number of the machine.")
    bearings: tuple[Bearing, ...] = ()
    speed: Tag | None = Field(None, description="Tag that holds the shaft speed in rpm.")
    rpm: float | None = Field(None, gt=0, le=200_000, description="Shaft speed, where it is constant.")
    rpm_tolerance: float = Field(0.02, ge=0.001, le=0.2, description="0.02 = +-2 %.")
    runs: Tag | None = Field(None, description="Tag that is true while the machine runs; none = always.")
    orders: Name | None = Field(None, description="Which [cmms.NAME] receives orders; none = incidents only.")
    learn: Duration = Field(600.0, description="Running sound the baseline is learned from.")
    diagnose_every: Duration = Field(60.0, description="How often a diagnosis is made.")
    diagnose_over: Duration = Field(10.0, description="Length of sound a diagnosis looks at.")
    persist: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1, le=100)]] = Field(
        (3, 4), description="m of the last n diagnoses raise an alarm."
    )
    warning_db: float = Field(6.0, gt=0, le=60, description="Level over baseline.")
    critical_db: float = Field(12.0, gt=0, le=60, description="Level over baseline.")
    indicators: tuple[Indicator, ...] = Field((), max_length=16, description="Of what no bearing shows.")
    covariates: tuple[Covariate, ...] = Field(
        (),
        max_length=4,
        description="Tags whose influence on the sound is learned and taken off.",
    )
    wear_every: Duration = Field(
        3600.0, ge=2, le=604_800, description="Sound summed up to one step of wear; normal is learned from 60 of them."
    )
    learn_hall: Duration | None = Field(
        None,
        ge=10,
        le=3600,
        description="Sound of the hall, the machine at rest, that `ambient` then takes out; none = it is left in.",
    )

    @field_validator("indicators", "covariates")
    @classmethod
    def _names_once(cls, found: tuple["Indicator | Covariate", ...]) -> tuple["Indicator | Covariate", ...]:
        names = [one.name for one in found]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"found {twice!r} twice; wanted a name of its own for each")
        return found

    @field_validator("persist")
    @classmethod
    def _m_of_n(cls, persist: tuple[int, int]) -> tuple[int, int]:
        if persist[0] > persist[1]:
            raise ValueError(f"found {persist[0]} of {persist[1]}; wanted m of n with m <= n, as in [3, 4]")
        return persist
