"""The part flow of a station in the site file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.table import Name, Table
from config.values import Duration


class CaptureWindow(Table):
    """Where the part's sound lies, counted from the trigger; 100 ms before and after come by themselves."""

    after_ms: float = Field(20, ge=-5000, le=60_000, description="From trigger to the part's first sample.")
    length_ms: float = Field(300, ge=20, le=60_000, description="Length of the part's sound.")


PartId = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[ -~]+$")]


class MasterParts(Table):
    """Known parts that must be judged right before a station judges others; by PartId."""

    ok: tuple[PartId, ...] = Field(min_length=1, max_length=20, description="Parts that must be judged OK.")
    not_ok: tuple[PartId, ...] = Field(min_length=1, max_length=20, description="Parts that must be judged NotOK.")
    every: Duration | None = Field(None, gt=0, description="How long a check holds; none = until the next start.")

    @model_validator(mode="after")
    def _one_kind(self) -> "MasterParts":
        if both := set(self.ok) & set(self.not_ok):
            raise ValueError(f"found {', '.join(sorted(both))} in ok and in not_ok; a master part is one of them")
        return self


class Parts(Table):
    """The part flow of a station."""

    plc: Name = Field(description="Which [plc.NAME] triggers it.")
    tags: str = Field("", description="OPC UA: prefix of the contract's tags.")
    names: dict[str, str] = Field(default_factory=dict, description="OPC UA: single tags by name, over the prefix.")
    block: int | None = Field(None, ge=0, le=1000, description="Modbus: number of the station's block of 64 registers.")
    recipes: dict[Annotated[int, Field(ge=0, le=65535)], Path] = Field(
        default_factory=dict, description="Recipe folder by the PLC's PartType; unknown = not ready."
    )
    capture: CaptureWindow = CaptureWindow()
    deadline_ms: float = Field(600, ge=50, le=65_000, description="Used where the PLC leaves DeadlineMs 0.")
    margin_ms: float = Field(20, ge=5, le=5000, description="NotDecidable is written this long before the deadline.")
    hold_ms: float = Field(
        100, ge=10, le=5000, description="A result stands so long, or until ResultAck: two polls of the PLC at least."
    )
    overrun: Literal["finish", "abort"] = Field(
        "finish", description="What becomes of a part when the next one comes too early; the next is NotDecidable."
    )
    reject_rate: float = Field(0.01, gt=0, le=0.5, description="False rejects the recipe must promise.")
    master: MasterParts | None = Field(None, description="Master parts; the station is locked until they were right.")
    teach_parts: int = Field(
        0, ge=0, le=5000, description="Parts heard in Mode 3 to learn a missing recipe from; 0 = off."
    )
