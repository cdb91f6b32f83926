"""Master parts: known good and known bad parts that must be judged right before a station may judge others.

Pure: what happened goes in, the next state and what is to be said come out. A check is due when the gateway starts,
when a recipe changes and every so often; until every master part was judged right the station is locked (GwState 5).
Nothing of it is remembered over a restart: a gateway that was just started does not know what it would answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from analytics.decision.verdict import Evaluation

PATIENCE_S = 60.0  #: a check that is due waits so long for a pause between two parts, then locks all the same
_WORDS: Mapping[Evaluation, str] = {Evaluation.OK: "OK", Evaluation.NOT_OK: "NotOK"}


@dataclass(frozen=True, slots=True)
class MasterRules:
    """The master parts of a station, by PartId.

    Parameters
    ----------
    ok, not_ok
        Parts that must be judged OK, and NotOK.
    every_s
        So long a check holds; infinite: until the next start.
    """

    ok: tuple[str, ...]
    not_ok: tuple[str, ...]
    every_s: float = float("inf")

    def wanted(self, part_id: str) -> Evaluation | None:
        """Say what a part must be judged; None where it is no master part."""
        if part_id in self.ok:
            return Evaluation.OK
        return Evaluation.NOT_OK if part_id in self.not_ok else None

    @property
    def parts(self) -> frozenset[str]:
        """Every master part."""
        return frozenset({*self.ok, *self.not_ok})


@dataclass(frozen=True, slots=True)
class Said:
    """Something for the record."""

    kind: str
    sentence: str
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Check:
    """Where the check of one station stands.

    Parameters
    ----------
    rules
        Its master parts.
    why
        Why a check is due; empty while one holds.
    right
        Master parts judged right since it became due.
    wrong
        The last wrong answer, as a sentence; empty where there was none.
    due_at
        When the check that holds runs out, monotonic seconds.
    """

    rules: MasterRules
    why: str = "the gateway was started"
    right: frozenset[str] = frozenset()
    wrong: str = ""
    due_at: float = float("inf")

    @property
    def locked(self) -> bool:
        """Whether the station may judge master parts only."""
        return bool(self.why)

    @property
    def sentence(self) -> str:
        """Why it is locked, and what to do; empty where it is not."""
        if not self.why:
            return ""
        left = ", ".join(sorted(self.rules.parts - self.right))
        reason = self.wrong or f"{self.why}, and the master parts were not checked since"
        return f"The station is locked: {reason}; let it judge {left}"


Outcome = tuple[Check, tuple[Said, ...]]


def judged(check: Check, part_id: str, evaluation: Evaluation, now: float) -> Outcome:
    """Take what a part was judged. A wrong answer locks the station, and every master part is to be shown again.

    NotDecidable is no answer: the part is to be shown again, and nothing else changes.
    """
    wanted = check.rules.wanted(part_id)
    if wanted is None:
        return check, ()
    if evaluation not in _WORDS:
        return check, (Said("master-part", f"master part {part_id} was not decidable; show it again", "warning"),)
    if evaluation is not wanted:
        wrong = f"master part {part_id} was judged {_WORDS[evaluation]}, and it is known to be {_WORDS[wanted]}"
        locked = replace(check, why=check.why or "a master part was judged wrong", right=frozenset(), wrong=wrong)
        suspect = "" if check.locked else "; every part since the check before is suspect"
        return replace(locked, due_at=float("inf")), (Said("master-wrong", f"{wrong}{suspect}", "error"),)
    said = Said("master-part", f"master part {part_id} was judged {_WORDS[wanted]}, as it must be")
    if not check.locked:
        return check, (said,)
    right = check.right | {part_id}
    if right != check.rules.parts:
        return replace(check, right=right), (said,)
    opened = Check(check.rules, "", frozenset(), "", now + check.rules.every_s)
    return opened, (said, Said("station-unlocked", "every master part was judged right; the station judges parts"))


def minded(check: Check, now: float, *, idle: bool) -> Outcome:
    """Let time pass: a check that has run out locks the station, in a pause between two parts where there is one."""
    if check.locked or now < check.due_at or not (idle or now >= check.due_at + PATIENCE_S):
        return check, ()
    hours = check.rules.every_s / 3600
    return due(check, f"{hours:.3g} h have passed")


def due(check: Check, why: str) -> Outcome:
    """Ask for a new check: what was judged right before counts no more."""
    locked = Check(check.rules, why, frozenset(), check.wrong if check.locked else "")
    return locked, (Said("station-locked", locked.sentence, "warning"),)
