"""Jobs of the wall clock alone: each only says that it is due, the ledger's own thread does the work."""

from collections.abc import Callable
from enum import StrEnum
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from gateway.ledger.plan import LedgerPlan

# A job missed by less than this (a busy or suspended PC) is made up for once; a night missed altogether is let go.
GRACE_S = 3600

# Several gateways of a site must not ask the CMMS in the same second.
JITTER_SHARE = 0.2


class Job(StrEnum):
    """What becomes due."""

    RETENTION = "retention"
    SUMMARY = "nightly-summary"
    SELF_TEST = "microphone-self-test"
    POLL = "order-status"


def schedule(plan: LedgerPlan, due: Callable[[Job], None]) -> BackgroundScheduler:
    """Make the scheduler, not yet started.

    Parameters
    ----------
    plan
        Its time zone, the hour of the nightly jobs, how often orders are asked after.
    due
        Called in the scheduler's thread with the job that is due; must not block.
    """
    zone = ZoneInfo(plan.timezone)
    scheduler = BackgroundScheduler(
        timezone=zone, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S}
    )
    hour, minute = (int(part) for part in plan.nightly_at.split(":"))
    nightly = CronTrigger(hour=hour, minute=minute, timezone=zone)
    for job in (Job.SUMMARY, Job.SELF_TEST):
        scheduler.add_job(due, nightly, args=(job,), id=job)
    # By the hour, and done once a day: a PC that is switched off at night has its turn in the day.
    scheduler.add_job(due, CronTrigger(minute=17, timezone=zone), args=(Job.RETENTION,), id=Job.RETENTION)
    poll_s = plan.delivery.poll_s
    poll = IntervalTrigger(seconds=max(1, round(poll_s)), jitter=round(JITTER_SHARE * poll_s) or None, timezone=zone)
    scheduler.add_job(due, poll, args=(Job.POLL,), id=Job.POLL)
    return scheduler
