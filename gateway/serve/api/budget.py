"""How much people are rung."""

from pydantic import BaseModel, Field

from gateway.processes.budget import ACCEPTABLE, FLOOD, FLOOD_OVER, MANAGEABLE
from gateway.serve.api.door import router_of
from gateway.serve.asking import Busy
from gateway.serve.page.asked import WorldOf

router = router_of("alarms")


class ChannelLoad(BaseModel):
    """How much one channel was rung in the last 24 h; rates are for each operator."""

    channel: str = Field(description="A [notify.NAME], or panel: alarms on tags and page.")
    rings: int
    mean_in_10_min: float
    most_in_10_min: float
    over: float = Field(description="Share of the ten-minute slots with more than one for each operator, 0..1.")
    floods: int
    acceptable: bool


class Worst(BaseModel):
    """What rang, and how much of it was the same again."""

    station: str
    what: str
    rings: int
    share: float
    incidents: int
    episodes: int
    kept_back: int


class Limits(BaseModel):
    """What ISA-18.2 (after EEMUA 191) says of alarms in ten minutes for one operator."""

    acceptable: int = ACCEPTABLE
    manageable: int = MANAGEABLE
    flood_over: int = Field(default=FLOOD, description="A flood begins with more.")
    flood_ends_under: int = FLOOD_OVER


class AlarmBudget(BaseModel):
    """The load of alarms now and over the last day."""

    measured_at: str
    operators: int
    channel: str = Field(description="The busiest of the last ten minutes; empty where nobody was rung.")
    rate: float = Field(description="Its rings in these ten minutes, for each operator.")
    flood: bool
    limits: Limits
    day: list[ChannelLoad]
    worst: list[Worst]


@router.get("/alarms/budget")
async def budget(world: WorldOf) -> AlarmBudget:
    """Give how much people are rung against what one operator can take; measured once a minute."""
    found = world.snapshot.budget if world.snapshot is not None else None
    if found is None:
        raise Busy("nothing was measured yet; ask again")
    return AlarmBudget(
        measured_at=found.measured_at, operators=found.operators, channel=found.channel, rate=found.rate,
        flood=found.flood, limits=Limits(),
        day=[
            ChannelLoad(
                channel=one.channel, rings=one.rings, mean_in_10_min=one.mean_in_10_min,
                most_in_10_min=one.most_in_10_min, over=one.over, floods=one.floods, acceptable=one.acceptable,
            )
            for one in found.day
        ],
        worst=[
            Worst(
                station=one.station, what=one.what, rings=one.rings, share=one.share, incidents=one.incidents,
                episodes=one.episodes, kept_back=one.kept_back,
            )
            for one in found.worst
        ],
    )  # fmt: skip
