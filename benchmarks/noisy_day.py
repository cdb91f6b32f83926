"""A noisy plant's day: 400 raw episodes in 24 hours, few incidents, every planted one told, none told twice.

    python -m benchmarks.noisy_day [--seed 1] [--kills 30]

A gateway runs under its own supervisor (main, ledger, front, a worker that plays the script; noisy_day_gateway.py) on a
clock that is turned. All its processes are killed with SIGKILL at once again and again, half of the times while a
receiver holds a message it has not answered yet. Each channel has an outage. Real: Alertmanager 0.25
(/usr/bin/prometheus-alertmanager), an SMTP server (aiosmtpd), Apprise's own HTTP delivery. Faithful fakes: PagerDuty's
Events API v2 (connectors/simulated/pagerduty.py), the receiver of webhooks. Prints JSON lines.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.noisy_day_gateway import NoisyGateway, NoisyPlan, Text
from benchmarks.noisy_day_peers import ALERTMANAGER, Mailbox, RealAlertmanager, Receiver
from benchmarks.noisy_day_plant import DAY_S, STEP_S, at, day, plan_of, steps
from connectors.notify.chat import ChatSettings
from connectors.notify.http import HttpSettings
from connectors.notify.mail import MailSettings
from connectors.notify.open import NotifySettings
from connectors.notify.pagerduty import PagerDutySettings
from connectors.notify.port import Act
from connectors.notify.webhook import WebhookSettings
from connectors.simulated.pagerduty import SimulatedPagerDuty
from gateway.cli.asked import answered
from gateway.serve.asks import FOLDER, Ask
from gateway.store.alarm_load import loads, offenders
from gateway.store.read import Reader

SECRET, KEY = "benchmark", "R" * 32

OUTAGES = {
    "pager": ("02:00", "06:10"),
    "mail": ("06:00", "09:00"),
    "monitor": ("06:30", "08:00"),
    "hook": ("13:00", "14:10"),
    "chat": ("15:00", "16:30"),
}


def out(channel: str, second: int) -> bool:
    begin, end = OUTAGES[channel]
    return at(begin) <= second < at(end)


def run(seed: int, kills: int) -> dict[str, Any]:
    chance = random.Random(seed)
    raw = day(chance)
    midnight = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1, hours=1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pager = stack.enter_context(SimulatedPagerDuty(KEY))
        hook, chat = stack.enter_context(Receiver(SECRET)), stack.enter_context(Receiver())
        mail = stack.enter_context(Mailbox())
        monitor = stack.enter_context(RealAlertmanager(folder)) if ALERTMANAGER.exists() else None
        channels: dict[str, NotifySettings] = {
            "pager": PagerDutySettings(HttpSettings(pager.url, 5.0), Text(KEY)),
            "mail": MailSettings("127.0.0.1", mail.port, "none", "wheeltapper@plant.example", ("shift@plant.example",)),
            "monitor": HttpSettings(monitor.url if monitor else "http://127.0.0.1:9", 5.0),
            "hook": WebhookSettings(HttpSettings(hook.url, 5.0), Text(SECRET)),
            "chat": ChatSettings(Text(chat.url.replace("http:", "json:"))),
        }
        store = folder / "data"
        plan = NoisyPlan(str(folder), midnight, seed, plan_of(store), channels, str(store / FOLDER))
        gateway = NoisyGateway(plan)
        stack.callback(gateway.kill)
        # Half of the kills while a receiver holds a message: it has taken it, and the answer never comes.
        in_flight = iter([True] * (kills // 2))

        def holding() -> None:
            if chance.random() < 0.5 and next(in_flight, False):
                gateway.kill()

        hook.holding = chat.holding = mail.holding = holding
        whole = steps(raw, DAY_S + 1800)
        blind = set(chance.sample(whole[1:], kills - kills // 2))
        started = time.perf_counter()
        for second in whole:
            pager.down, mail.down = out("pager", second), out("mail", second)
            hook.down, chat.down = out("hook", second), out("chat", second)
            if monitor is not None:
                monitor.down(out("monitor", second))
            gateway.turn(second, kill_after_s=random.uniform(0.0, 0.05) if second in blind else None)
            if second == at("09:00"):
                ask = Ask(name="window", target="press", who="hanna", arguments={"for": "2h"})
                assert answered(store / FOLDER, ask, 30.0, time.monotonic).accepted
        second = whole[-1]
        while gateway.waiting() and second < 2 * DAY_S:  # what an outage holds up at the end of the day
            second += STEP_S
            gateway.turn(second)
            time.sleep(0.05)
        took = time.perf_counter() - started
        killed, pending = gateway.kills, gateway.pending[:]
        gateway.kill()
        if monitor is not None:
            monitor.settle()
        found = result(store, midnight, Receivers(pager, mail, hook, chat, monitor))
        with_pending = sum(count > 0 for count in pending)
        return found | {"kills": killed, "kills_with_messages_pending": with_pending, "seconds": round(took, 1)}


PLANTED = ("glass break", "glass break", "air leak", "outer race", "gear")


@dataclass(frozen=True)
class Receivers:
    """Who was told."""

    pager: SimulatedPagerDuty
    mail: Mailbox
    hook: Receiver
    chat: Receiver
    monitor: RealAlertmanager | None


def result(folder: Path, midnight: datetime, who: Receivers) -> dict[str, Any]:
    """Compare what was to be told with what each receiver saw."""
    with Reader(folder) as reader:
        incidents = dict(reader.db.execute("SELECT id, failure_mode FROM incidents"))
        waiting = reader.db.execute("SELECT count(*) FROM notices WHERE state NOT IN ('done','void')").fetchone()[0]
        due = reader.db.execute("SELECT channel, incident, act FROM notices WHERE state = 'done'").fetchall()
        load = loads(reader.db, midnight, midnight + timedelta(days=1))
        worst = offenders(reader.db, midnight, 3)
    have = Counter(incidents.values())
    rung = {(channel, incident) for channel, incident, act in due if act == Act.RAISED}
    seen = {"pager": [a.key for a in who.pager.service.alerts], "mail": who.mail.keys(), "hook": who.hook.keys()}
    unseen = [f"{c}: {i}" for c, i in rung if c in seen and not any(key.startswith(i) for key in seen[c])]
    by = Counter(channel for channel, _, _ in due)
    return {
        "incidents": len(incidents),
        "incidents_by": dict(have),
        "planted": len(PLANTED),
        "planted_missed": {mode: n - have[mode] for mode, n in Counter(PLANTED).items() if have[mode] < n},
        "planted_untold": sorted(set(PLANTED) - {incidents[incident] for _, incident in rung}),
        "messages": len(due),
        "undelivered": waiting,
        "unseen_by_receiver": unseen,
        "pagerduty_fake": {
            "requests": who.pager.requests,
            "alerts": len(seen["pager"]),
            "told_twice": len(seen["pager"]) - len(set(seen["pager"])),
        },
        "smtp_real": {"taken": len(who.mail.messages), "message_ids": len(set(who.mail.ids())), "due": by["mail"]},
        "webhook_fake": {
            "requests": who.hook.requests,
            "keys": len(who.hook.seen),
            "due": by["hook"],
            "bad_signatures": who.hook.bad,
        },
        "apprise_real_to_http": {
            "requests": who.chat.requests,
            "distinct": len(set(who.chat.texts())),
            "due": by["chat"],
        },
        "alertmanager_real": who.monitor.summary() if who.monitor is not None else "not installed: skipped",
        "budget": {one.channel: [one.rings, round(one.mean_in_10_min, 3), one.most_in_10_min] for one in load},
        "worst": [f"{o.station} {o.what}: {o.rings} rings, {o.episodes} episodes" for o in worst],
    }


def holds(found: dict[str, Any]) -> bool:
    """Say whether the day went as it must."""
    once = found["pagerduty_fake"]["told_twice"] == 0
    once &= found["smtp_real"]["message_ids"] == found["smtp_real"]["due"]
    once &= (
        found["webhook_fake"]["keys"] == found["webhook_fake"]["due"] and not found["webhook_fake"]["bad_signatures"]
    )
    once &= found["apprise_real_to_http"]["distinct"] == found["apprise_real_to_http"]["due"]
    told = not (
        found["planted_missed"] or found["planted_untold"] or found["undelivered"] or found["unseen_by_receiver"]
    )
    am = found["alertmanager_real"]
    pending = found["kills"] == 0 or found["kills_with_messages_pending"] > 0  # else the kills prove nothing
    return found["incidents"] <= 12 and once and told and pending and (isinstance(am, str) or not am["told_twice"])


#: What each row of the document's table shows.
ROWS: dict[str, Callable[[dict[str, Any]], object]] = {
    "raw episodes": lambda f: f["raw_episodes"],
    "incidents (12 allowed)": lambda f: f["incidents"],
    "planted troubles missed, of 5": lambda f: sum(f["planted_missed"].values()) + len(f["planted_untold"]),
    "kills of the whole gateway, with messages pending": lambda f: f"{f['kills']}, {f['kills_with_messages_pending']}",
    "messages due, undelivered": lambda f: f"{f['messages']}, {f['undelivered'] + len(f['unseen_by_receiver'])}",
    "PagerDuty: alerts, told twice (requests)": lambda f: "{alerts}, {told_twice} ({requests})".format(
        **f["pagerduty_fake"]
    ),
    "Alertmanager: alerts, told twice": lambda f: (
        "not installed"
        if isinstance(f["alertmanager_real"], str)
        else f"{f['alertmanager_real']['alerts_told']}, {len(f['alertmanager_real']['told_twice'])}"
    ),
    "mail: due, distinct Message-IDs (mails taken)": lambda f: "{due}, {message_ids} ({taken})".format(
        **f["smtp_real"]
    ),
    "webhook: due, distinct keys (requests)": lambda f: "{due}, {keys} ({requests})".format(**f["webhook_fake"]),
    "Apprise: due, distinct (requests; it cannot fold)": lambda f: "{due}, {distinct} ({requests})".format(
        **f["apprise_real_to_http"]
    ),
    "most rings of one channel in 10 min, its mean": lambda f: (
        f"{max(most for _, _, most in f['budget'].values()):g}, {max(mean for _, mean, _ in f['budget'].values()):.2f}"
    ),
}


def table(runs: Sequence[dict[str, Any]]) -> str:
    """Lay runs out as a table, one a column."""
    lines = ["| | " + " | ".join(f"seed {one['seed']}" for one in runs) + " |", "|---" + "|--:" * len(runs) + "|"]
    lines += [f"| {name} | " + " | ".join(str(show(one)) for one in runs) + " |" for name, show in ROWS.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kills", type=int, default=30)
    given = arguments.parse_args()
    random.seed(given.seed)  # of the kills' moments
    found = run(given.seed, given.kills)
    print(json.dumps({"name": "noisy day", "seed": given.seed, "raw_episodes": 400, **found}))
    sys.exit(0 if holds(found) else 1)
