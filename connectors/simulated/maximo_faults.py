"""What may go wrong between a client and the simulated Maximo, in a plan a test or a rehearsal writes."""

import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "reset",  # the line is cut without an answer
    "hang",  # no answer for `hang_s`
    "drip",  # the answer comes one byte every `slow_s`
    "truncate",  # half of the answer's body, then the line is cut
    "garbage",  # 200 with a body that is no JSON under a JSON content type
    "bad-gateway",  # 502 with a proxy's page
    "login-page",  # 200 with a login page
    "redirect",  # 302 to a login page on another host
    "busy",  # 429 with Retry-After
    "maintenance",  # 503
]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, `times` times.

    `commits` says whether Maximo did the work before it went wrong: the lost answer. `method` and `path` (a part of it)
    choose the requests; empty means any.
    """

    kind: Kind
    commits: bool = False
    method: str = ""
    path: str = ""
    times: int = 1
    retry_after: str = ""


@dataclass(slots=True)
class FaultPlan:
    """Faults still to come, in order. Safe to change while the server runs."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Let this go wrong from now on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault of this request, used up by one."""
        with self._lock:
            for fault in self._faults:
                if fault.method in {"", method} and fault.path in path:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None
