"""The sources of sound of the site file: microphones, recordings, simulations."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.table import Table
from config.values import Duration


class Microphone(Table):
    """A channel of an audio device."""

    kind: Literal["microphone"]
    device: str = Field(min_length=1, description="Part of the device's name, as `wheeltapper devices` prints it.")
    host_api: str = Field("", description="Needed where the same device appears under several, as on Windows.")
    channel: int = Field(1, ge=1, le=64, description="Counted from 1.")
    rate: Literal[8000, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000] = Field(
        48000, description="Samples a second; must be the recipe's."
    )


class RecordingSource(Table):
    """Sound files in place of a microphone."""

    kind: Literal["recording"]
    path: Path = Field(description="A file or a folder.")
    play: Literal["parts", "stream"] = Field("parts", description="Each file by its PartId, or one after the other.")
    pace: float = Field(
        1.0, ge=0, le=1000, description="1 = real time, 10 = ten times as fast, 0 = as fast as it goes."
    )
    channel: int = Field(1, ge=1, le=64, description="Counted from 1.")
    rate: int = Field(48000, ge=1000, le=400_000, description="Must be the files' own.")


class SimulatedSource(Table):
    """Simulated sound with known truth, for rehearsal."""

    kind: Literal["simulated"]
    sound: Literal["castings", "gearmotors", "pump"] = Field(description="What is simulated.")
    seed: int = Field(1, ge=0, description="Another seed is another plant; the same one always sounds the same.")
    rate: int = Field(48000, ge=16000, le=192_000, description="Samples a second.")
    rpm: float = Field(1480.0, gt=0, description="True speed of a simulated machine.")
    fault_at: Duration | None = Field(None, description="When the bearing of a simulated machine begins to fail.")

    @property
    def channel(self) -> int:
        """A simulation has one channel."""
        return 1


def one_device(source: Table, other: Table) -> bool:
    """Tell whether two sources are channels of one device, or of the same files: then they share one clock."""
    left, right = source.model_dump(exclude={"channel"}), other.model_dump(exclude={"channel"})
    return left == right


AnySource = Annotated[Microphone | RecordingSource | SimulatedSource, Field(discriminator="kind")]
