"""Several microphones of one device that a station hears as one, in the site file."""

from typing import Annotated

from pydantic import Field, model_validator

from config.table import Table

Near = Annotated[float, Field(ge=-4, le=4)]  # metres: from one microphone to any other sound needs 41 ms at most
Far = Annotated[float, Field(ge=-100, le=100)]
Milliseconds = Annotated[float, Field(ge=0, le=50)]


class Array(Table):
    """Microphones heard as one (delay and sum); by their places, or by how late each hears the part."""

    channels: tuple[Annotated[int, Field(ge=1, le=64)], ...] = Field(
        min_length=2, max_length=16, description="Of the source's device, counted from 1."
    )
    positions: tuple[tuple[Near, Near, Near], ...] | None = Field(None, description="Place of each microphone, metres.")
    point: tuple[Far, Far, Far] | None = Field(
        None, description="Place of the part, metres, where positions are given."
    )
    delays_ms: tuple[Milliseconds, ...] | None = Field(
        None, description="How much later than the nearest each hears the part, where positions are not given."
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Array":
        if (self.delays_ms is None) == (self.positions is None) or (self.positions is None) != (self.point is None):
            raise ValueError("wanted positions and point, or delays_ms alone")
        given = self.delays_ms if self.delays_ms is not None else self.positions
        if given is not None and len(given) != len(self.channels):
            raise ValueError(f"found {len(self.channels)} channels and {len(given)} places or delays; wanted as many")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError(f"found channels {list(self.channels)}; wanted each once")
        return self
