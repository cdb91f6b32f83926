"""What is too old: decided by age, and never on the word of a clock that jumped."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# A plant PC without a battery clock starts in the past, or where NTP puts it minutes later. A wall clock is believed
# once it has run beside the monotonic one for this long without a step, over several days where a PC is switched off
# every night.
STEADY_S = 24 * 3600.0

STEP_S = 60.0  #: more than NTP's slewing (500 ppm, 43 s a day) and a leap second can do between two looks

# After a longer silence than any holiday the clock may be wrong by years, and nothing on this machine could tell.
SILENCE_MAX = timedelta(days=60)

# Whatever the clock says, one day never takes more than this share of a table. Two years kept lose 1/730 a day.
SHARE_MAX = 0.02
FEW_ROWS = 1_000  #: below this a share is meaningless


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """How far the wall clock may be believed."""

    wall: datetime  #: at the last look
    now: float  #: monotonic seconds at the last look
    steady_since: float  #: monotonic seconds of the last step, or of the start
    jumped: str = ""  #: half a sentence on the last step; empty when none was seen

    def look(self, wall: datetime, now: float) -> "ClockWatch":
        """Look again: a wall time that did not move with the monotonic one has been set."""
        step = (wall - self.wall).total_seconds() - (now - self.now)
        if abs(step) <= STEP_S:
            return replace(self, wall=wall, now=now)
        return ClockWatch(wall, now, now, f"the clock was set by {step:+.0f} s")


def start_watch(wall: datetime, now: float, last_seen: datetime | None, steady_s: float = 0.0) -> ClockWatch:
    """Begin watching.

    Parameters
    ----------
    wall, now
        Wall time and monotonic seconds.
    last_seen
        The wall time the store knew last; None for a new store.
    steady_s
        How long the clock had run without a step by then; counts on where nothing speaks against it.
    """
    jumped = ""
    if last_seen is not None and wall < last_seen - timedelta(seconds=STEP_S):
        jumped = f"the clock is before the last record ({last_seen:%Y-%m-%d %H:%M})"
    elif last_seen is not None and wall - last_seen > SILENCE_MAX:
        jumped = f"the last record is {(wall - last_seen).days} days old"
    return ClockWatch(wall, now, now if jumped else now - steady_s, jumped)


def may_delete(watch: ClockWatch, newest: datetime | None) -> str:
    """Why nothing may be deleted by age now; empty where it may."""
    if watch.now - watch.steady_since < STEADY_S:
        return f"{watch.jumped or 'the clock is watched'}, less than {STEADY_S / 3600:.0f} h of running ago"
    if newest is not None and newest > watch.wall + timedelta(seconds=STEP_S):
        return f"a record lies in the future ({newest:%Y-%m-%d %H:%M})"
    return ""


def delete_older(db: sqlite3.Connection, table: str, before: datetime) -> int:
    """Delete rows of a table whose wall time is before `before`, oldest first, at most `SHARE_MAX` of them.

    Stops at the first row that is young enough: rows written while a clock stood wrong keep their neighbours' fate.
    """
    assert table in {"parts", "conditions", "hours", "events", "audit"}, table
    # Rows are only ever deleted from the oldest on, so ids count them; count(*) would read two years of parts.
    first, newest = db.execute(f"SELECT min(id), max(id) FROM {table}").fetchone()  # noqa: S608, the names stand above
    if first is None:
        return 0
    most = max(FEW_ROWS, int((newest - first + 1) * SHARE_MAX))
    young = db.execute(
        f"SELECT id FROM {table} WHERE wall >= ? ORDER BY id LIMIT 1",  # noqa: S608
        (before.isoformat(),),
    ).fetchone()
    if young is None:
        # Every row is too old: a clock far ahead looks just like this. A gateway that runs has young rows.
        return 0
    keep_from = min(int(young[0]), first + most)
    return db.execute(f"DELETE FROM {table} WHERE id < ?", (keep_from,)).rowcount  # noqa: S608
