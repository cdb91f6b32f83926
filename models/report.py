"""What a recipe says of itself: what it promises, what it distrusts, what more it needs."""

from dataclasses import dataclass

from analytics.decision.limits import Costs, Limit, Weighed, scores_needed


@dataclass(frozen=True, slots=True)
class Strange:
    """A good part that sounds least like the others; a person confirms it or drops it."""

    name: str
    score: float  #: against the limit, by a fit the strangest parts had no part in


@dataclass(frozen=True, slots=True)
class DefectReport:
    """How well one taught defect is known."""

    name: str
    taught: int
    found: int  #: above the limit when left out of what was learned
    named: int  #: called by this name when left out; 0 where there is only one example


@dataclass(frozen=True, slots=True)
class Weighing:
    """Where the costs of errors put the limit."""

    costs: Costs
    chosen: Weighed  #: among the limits that keep the promise; its factor is on the lowest of them
    alone: Weighed  #: what the costs would choose if no promise stood in the way

    @property
    def sentence(self) -> str:
        """Say what was chosen, and what a weaker promise would allow."""
        here, free = self.chosen, self.alone
        said = (
            f"cheapest at {here.factor:.2f} of the lowest limit the promise allows: {percent(here.rejected)} of good "
            f"parts rejected, {percent(here.missed)} of the taught defects missed, when left out"
        )
        if free.factor >= 1.0:
            return said
        return (
            f"{said}; the costs alone would choose {free.factor:.2f}: {percent(free.rejected)} rejected, "
            f"{percent(free.missed)} missed, allowed by a higher --reject-rate"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one teaching.

    Parameters
    ----------
    good, groups
        Good parts, and groups (takes, shifts) they came in; 1 where there was only one.
    reject_rate, confidence
        What was asked for.
    limit
        Found on the scores of parts left out, of the groups' largest where there are groups.
    rejected
        Good parts above the limit when left out.
    median
        Of the good parts' scores when left out, 1.0 being the limit.
    profile_given
        False where the profile was told from the sound.
    defects, strangest, warnings
        As their names say; warnings are sentences.
    sisters
        Units of the same kind that lent a spread and a limit; empty where the unit stands on its own.
    confirmed
        Good parts that a person has heard and calls good; not among the strangest.
    weighing
        What the costs of errors say; None where none were given.
    """

    good: int
    groups: int
    reject_rate: float
    confidence: float
    limit: Limit
    rejected: int
    median: float
    profile_given: bool
    defects: tuple[DefectReport, ...]
    strangest: tuple[Strange, ...]
    warnings: tuple[str, ...]
    sisters: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    weighing: Weighing | None = None

    @property
    def promise(self) -> str:
        """One line: what share of good parts is thrown away, and how sure that is."""
        unit = "groups" if self.groups > 1 else "parts"
        need = scores_needed(self.reject_rate, self.confidence)
        if self.sisters:
            return (
                f"provisional: {self.groups} groups of its own prove no better than "
                f"{percent(self.limit.proven_rate)} false rejects on average; the limit is lent by "
                f"{', '.join(self.sisters)}; each further group proves more"
            )
        if self.limit.provisional:
            return (
                f"provisional: {self.limit.n} {unit} prove no better than {percent(self.limit.proven_rate)} false "
                f"rejects; {percent(self.reject_rate)} needs {need} {unit}, teach {self.limit.missing} more"
            )
        return (
            f"{percent(self.reject_rate)} false rejects holds with {percent(self.confidence)} confidence "
            f"({need} {unit} needed, {self.limit.n} given)"
        )


def percent(share: float) -> str:
    """Write 0.01 as 1 %, to three digits."""
    return f"{100 * share:.3g} %"
