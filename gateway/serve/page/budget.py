"""How much people are rung, beside the incidents that ring them."""

from typing import Any

from gateway.processes.budget import ACCEPTABLE, FLOOD, FLOOD_OVER, MANAGEABLE, Budget
from gateway.serve.page.show import Show

_KNOWN = {"acceptable": ACCEPTABLE, "manageable": MANAGEABLE, "flood": FLOOD, "flood_over": FLOOD_OVER}


def known(budget: Budget | None) -> dict[str, Any]:
    """Give what the template asks for."""
    tone, shape, word = ("idle", "–", "not measured yet") if budget is None else _words(budget)
    return {"budget": budget, "tone": tone, "shape": shape, "word": word, "isa": _KNOWN}


def pieces(show: Show) -> dict[str, str]:
    """Render the budget anew for pages that are open; it changes once a minute."""
    budget = show.snapshot.budget if show.snapshot is not None else None
    return {"alarm-budget": show.piece("_budget.html", **known(budget))}


def _words(budget: Budget) -> tuple[str, str, str]:
    if budget.flood:
        return "bad", "■", "a flood"
    if budget.rate > MANAGEABLE:
        return "unsure", "▲", "more than can be managed"
    if budget.rate > ACCEPTABLE:
        return "unsure", "▲", "more than is acceptable for long"
    return "ok", "✓", "acceptable"
