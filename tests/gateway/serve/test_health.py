"""What a watcher from outside is told."""

from dataclasses import replace

import pytest

from tests.gateway.serve.page.conftest import page, store  # noqa: F401  # fixtures
from tests.gateway.serve.snapshots import SILENT, a_part_view, a_snapshot, an_ear


async def test_it_is_healthy_while_main_reports(page):  # noqa: F811
    far = page.browser(address="10.0.0.9")
    assert (await far.get("/healthz")).json == {"healthy": True, "reasons": []}
    page.world.stale = True
    answer = await far.get("/healthz")
    assert (answer.status, answer.json["healthy"]) == (503, False)
    page.world.snapshot = None
    assert (await far.get("/healthz")).status == 503
    assert (await far.ask("HEAD", "/healthz", b"", {})).status == 503, "as some watchers ask"


async def test_it_is_ready_when_every_station_would_do_its_work(page):  # noqa: F811
    answer = await page.browser().get("/readyz")
    assert (answer.status, answer.json) == (200, {"ready": True, "reasons": []})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"part": a_part_view(link="down", link_sentence="refused")}, "no connection to the PLC: refused"),
        ({"part": a_part_view(ready=False, recipes={})}, "no part can be judged: no recipe is loaded"),
        ({"part": a_part_view(ready=False, locked=True)}, "locked until its master parts were judged right"),
        ({"ear": None}, "its microphone was not heard of yet"),
        ({"ear": an_ear("ring", quality=SILENT, sentence="silent")}, "its microphone hears nothing: silent"),
        ({"worker_alive": False}, "its judging process is down"),
    ],
)
async def test_a_station_that_would_not_is_named_with_the_reason(page, change, said):  # noqa: F811
    ring, pump = a_snapshot().stations
    page.world.snapshot = replace(a_snapshot(), stations=(replace(ring, **change), pump))
    answer = await page.browser().get("/readyz")
    assert answer.status == 503
    assert answer.json == {"ready": False, "reasons": [{"station": "ring", "reason": said}]}


async def test_while_main_is_silent_nothing_is_ready(page):  # noqa: F811
    page.world.stale = True
    answer = await page.browser().get("/readyz")
    assert answer.status == 503
    assert answer.json["reasons"] == [{"station": "", "reason": "the main process is silent"}]
