"""What stations know of their microphones and parts, on its way to the store and back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StationKept:
    """What a station learned and wants to be told again after a restart: the same to the store and back."""

    station: str
    kind: str  #: ear | drift
    text: str  #: JSON that only the station reads
