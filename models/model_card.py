"""The card of an ONNX model: what it expects, what it answers, who made it, and the hash that ties the two together."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

NAME = r"^[a-z0-9][a-z0-9._-]{0,59}$"  #: of a model: it is a folder and an option of the command line
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ModelError(Exception):
    """A model cannot be used; the message is one sentence: where, what was found, what was wanted, how to mend."""


class Waveform(BaseModel):
    """The model takes the samples themselves."""

    model_config = _STRICT

    kind: Literal["waveform"]
    level: Literal["none", "peak"] = Field("none", description="peak: samples divided by the largest magnitude.")


class Mel(BaseModel):
    """The model takes a mel spectrogram: y = offset + scale * log10(max(gain * P + add, floor)).

    P is the spectrum of each frame to the power `power`, summed over each of `bands` triangles.
    """

    model_config = _STRICT

    kind: Literal["mel"]
    frame: int = Field(ge=16, le=65_536, description="Samples under one window function.")
    fft: int = Field(ge=16, le=65_536, description="Length of the transform; frame, or more where it is zero-filled.")
    hop: int = Field(ge=1, le=65_536, description="Samples from frame to frame.")
    pad: int = Field(ge=0, le=65_536, description="Samples added on either side before framing.")
    pad_with: Literal["zeros", "mirror"] = "zeros"
    window: Literal["hann", "hann-periodic"] = Field(description="hann: symmetric; hann-periodic: that of an FFT.")
    power: Literal[1, 2] = 2
    bands: int = Field(ge=1, le=1_024)
    low_hz: float = Field(ge=0)
    high_hz: float = Field(gt=0)
    scale_hz: Literal["htk", "slaney"] = Field("htk", description="Formula of the mel scale.")
    sides: Literal["hz", "mel"] = Field("hz", description="Scale the sides of the triangles are straight on.")
    area: Literal["none", "sum", "slaney"] = Field(
        "none", description="Each triangle divided by nothing, by the sum of its weights, or by its width in Hz over 2."
    )
    level: Literal["none", "peak", "mean"] = Field(
        "none", description="peak: samples divided by the largest magnitude; mean: P divided by its mean."
    )
    gain: float = 1.0
    add: float = Field(0.0, ge=0)
    floor: float = Field(1e-10, gt=0)
    scale: float = 1.0
    offset: float = 0.0
    any_rate: bool = Field(
        False, description="Sound is heard at its own rate: frames keep their seconds, bands their place in Hz."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.fft < self.frame:
            raise ValueError(f"fft {self.fft} is shorter than frame {self.frame}")
        if self.any_rate and (self.level, self.power) != ("mean", 2):
            raise ValueError("any_rate wants power 2 and level mean: only then is P the same at every rate")
        if self.low_hz >= self.high_hz:
            raise ValueError(f"low_hz {self.low_hz} is not below high_hz {self.high_hz}")
        return self


class Card(BaseModel):
    """What a model says of itself, in the JSON file beside it."""

    model_config = _STRICT

    format: Literal[1] = Field(description="Layout of this card.")
    name: str = Field(pattern=NAME, description="What it is called by.")
    version: int = Field(ge=1)
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$", description="Name of the model beside the card.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the model file.")
    rate: int = Field(ge=1_000, le=1_000_000, description="Samples per second the model was trained on.")
    window: int = Field(ge=16, le=2**24, description="Samples taken at once; longer sound is cut, half overlapping.")
    shortest: int = Field(ge=16, le=2**24, description="Shorter sound is filled with zeros; window where it is fixed.")
    front_end: Annotated[Waveform | Mel, Field(discriminator="kind")]
    input: str = Field(min_length=1, description="Name of the input, float32.")
    shape: tuple[Literal[1, "samples", "frames", "bands"], ...] = Field(
        min_length=1, max_length=6, description='Axes of the input, e.g. [1, 1, "frames", "bands"].'
    )
    output: str = Field(min_length=1, description="Name of the output, float32; its last axis has `size` numbers.")
    size: int = Field(ge=1, le=65_536, description="Length of the vector.")
    pooling: Literal["mean", "max"] = Field(description="Of the vectors of several windows, and of other output axes.")
    licence: str = Field(min_length=2, description="SPDX identifier of the weights.")
    credit: str = Field(min_length=1, description="Whom to name, with the sentence the licence wants.")
    source: str = Field(min_length=1, description="Made from what, by which file or package.")
    figures: dict[str, JsonValue] = Field(default_factory=dict, description="What was measured of it.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wanted = {"samples"} if self.front_end.kind == "waveform" else {"frames", "bands"}
        named = [axis for axis in self.shape if axis != 1]
        if set(named) != wanted or len(named) != len(wanted):
            raise ValueError(f"shape must name {' and '.join(sorted(wanted))} once, found {list(self.shape)}")
        if self.shortest > self.window:
            raise ValueError(f"shortest {self.shortest} is longer than window {self.window}")
        if isinstance(self.front_end, Mel) and self.front_end.high_hz > self.rate / 2:
            raise ValueError(f"high_hz {self.front_end.high_hz} is above half of rate {self.rate}")
        return self

    def text(self) -> str:
        """Write it for a person to read."""
        return self.model_dump_json(indent=2) + "\n"


def read_card(path: Path) -> Card:
    """Read a card.

    Raises
    ------
    ModelError
        There is none, or it does not say what a card must say.
    """
    try:
        return Card.model_validate_json(path.read_bytes())
    except OSError as fault:
        raise ModelError(f"{path}: no card of a model here ({fault.strerror}); wanted a JSON file") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the card"
        raise ModelError(f"{path}: {where}: {first['msg']}; take the card that was shipped with the model") from fault
