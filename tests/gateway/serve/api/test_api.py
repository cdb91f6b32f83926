"""What programs see and ask by the REST API."""

import io

import numpy as np
import pytest
import soundfile

from analytics.decision.verdict import Evaluation, Verdict
from analytics.signal.capture import Capture
from gateway.processes.cut import cut_of
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartNumbers
from gateway.store import records
from gateway.store.evidence import FOLDER, Evidence
from gateway.store.labels import PartKey, ProposalRow, add_label, add_proposal

AT = "2026-11-24T12:00:00+00:00"


def add(store, sequence, *, station="ring", part_id=None, evaluation=Evaluation.NOT_OK, numbers=None):
    score = 1.5 if evaluation is Evaluation.NOT_OK else 0.5
    told = Verdict(evaluation, score, "crack" if score > 1 else None, None, "so", (), {"mahalanobis": score})
    record = PartRecord(station, "active", 1, sequence, part_id or f"P{sequence}", 1, AT, told, 2, 0, None, True, 9.0,
                        3.0, "casting v1 abc", "judged", numbers=numbers)  # fmt: skip
    with store.commit() as db:
        return records.add_part(db, record)


async def test_parts_come_newest_first_by_filters_and_page_by_page(store, client):
    for sequence in range(1, 8):
        add(store, sequence, evaluation=Evaluation.OK if sequence % 2 else Evaluation.NOT_OK)
    add(store, 8, station="motor")
    api = client()

    assert [one["sequence"] for one in (await api.get("/parts?station=ring&last=3")).json] == [7, 6, 5]
    assert [one["sequence"] for one in (await api.get("/parts?station=ring&last=3&before=5")).json] == [4, 3, 2]
    found = (await api.get("/parts?verdict=NotOK&station=ring")).json
    assert [(one["sequence"], one["verdict"], one["defect"]) for one in found] == [
        (n, "NotOK", "crack") for n in (6, 4, 2)
    ]
    assert [one["sequence"] for one in (await api.get("/parts?part_id=P3")).json] == [3]


async def test_a_part_shows_the_label_that_counts_beside_its_verdict(store, client):
    number = add(store, 1)
    with store.commit() as db:
        for said in (("bad", "crack"), ("good", "")):
            add_label(db, AT, PartKey(number, "ring", "P1", 1), said, ("ana", "page"))
    api = client()

    part = (await api.get(f"/parts/{number}")).json
    assert (part["verdict"], part["label"]["said"], part["label"]["who"]) == ("NotOK", "good", "ana")
    assert [one["said"] for one in (await api.get(f"/parts/{number}/labels")).json] == ["bad", "good"]
    assert [one["said"] for one in (await api.get("/labels?station=ring")).json] == ["good", "bad"]


async def test_a_tester_downstream_labels_by_part_id(page, store, client):
    add(store, 1, part_id="SN-1")
    second = add(store, 2, part_id="SN-1")

    answer = await client("quality").post("/labels", {"part_id": "SN-1", "said": "bad", "defect": "leak", "new": True})

    assert answer.status == 200, answer.text
    (asked,) = page.asked
    assert (asked.name, asked.target, asked.who, asked.via) == ("label", str(second), "tester", "api")
    assert asked.arguments == {"said": "bad", "class": "leak", "new": "yes"}


async def test_a_part_id_of_two_stations_wants_the_station(page, store, client):
    add(store, 1, part_id="SN-1")
    other = add(store, 1, station="motor", part_id="SN-1")
    api = client("quality")

    refused = await api.post("/labels", {"part_id": "SN-1", "said": "good"})
    assert (refused.status, refused.json) == (
        409,
        {"error": "part 'SN-1' was judged at motor, ring; say at which station"},
    )
    assert (await api.post("/labels", {"part_id": "SN-1", "said": "good", "station": "motor"})).status == 200
    assert page.asked[-1].target == str(other)


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [
        ("/labels", {"part_id": "nobody", "said": "good"}, 404),
        ("/parts/99/labels", {"said": "good"}, 404),
        ("/parts/1/labels", {"said": "fine"}, 422),
        ("/parts/1/labels", {"said": "good", "more": 1}, 422),
        ("/parts/0/labels", {"said": "good"}, 422),
        ("/parts/..%2f..%2fetc/labels", {"said": "good"}, 422),
        ("/recipes/ring/1/activate", {"version": "../v1"}, 422),
        ("/recipes/ring/-1/propose", None, 422),
        ("/incidents/ABC/shelve", {"for": "forever"}, 422),
        ("/nothing", {}, 404),
    ],
)
async def test_what_cannot_be_is_one_sentence_and_asks_nothing_of_the_ledger(page, store, client, path, said, status):
    add(store, 1)
    answer = await client("quality").post(path, said)
    assert answer.status == status, answer.text
    assert list(answer.json) == ["error"]
    assert page.asked == []


async def test_whoever_has_no_token_may_look_and_change_nothing(page, store, client):
    add(store, 1)
    api = client()
    assert (await api.get("/parts")).status == 200
    answer = await api.post("/parts/1/labels", {"said": "good"})
    assert (answer.status, answer.json, answer.header("www-authenticate")) == (401, {"error": "log in first"}, "Bearer")
    assert page.asked == []


async def test_a_token_does_what_its_role_may(page, store, client):
    add(store, 1)
    assert (await client("operator").post("/incidents/ABC/acknowledge")).status == 200
    assert (await client("operator").post("/incidents/ABC/shelve", {"for": "8h"})).status == 200
    assert page.asked[-1].arguments == {"for": "8h"}
    answer = await client("operator").post("/parts/1/labels", {"said": "good"})
    assert (answer.status, answer.json) == (403, {"error": "tester is operator; wanted quality"})


async def test_an_unknown_token_is_refused_even_for_looking(page):
    answer = await page.browser().get("/api/v1/parts", authorization="Bearer guess")
    assert answer.status == 401


async def test_a_browsers_cookie_gives_no_command_to_the_api(page, store):
    add(store, 1)
    browser, _ = await page.someone("quality")
    answer = await browser.post("/api/v1/parts/1/labels", body=b'{"said": "good"}', content_type="application/json")
    assert (answer.status, list(answer.json)) == (403, ["error"])
    assert page.asked == []


async def test_the_sound_of_a_part_is_the_very_samples_and_whoever_listens_is_noted(page, store, client, tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.1, 4800).astype(np.float32)
    cut = cut_of(Capture(samples, 48_000, 0, 4800), (), "").text
    number = add(store, 1, numbers=PartNumbers(cut))
    name = Evidence(tmp_path / FOLDER, 10**9).keep_clip("ring", samples, 48_000)
    with store.commit() as db:
        records.set_clip(db, number, name, records.sound_sha256(samples))

    assert (await client().get(f"/parts/{number}/sound")).status == 401
    answer = await client("viewer").get(f"/parts/{number}/sound")

    heard, rate = soundfile.read(io.BytesIO(answer.body), dtype="float32")
    assert (rate, heard.tolist()) == (48_000, samples.tolist())
    assert [(one.name, one.target, one.via) for one in page.asked] == [("listen", str(number), "api")]
    silent = await client("viewer").get(f"/parts/{add(store, 2)}/sound")
    assert silent.status == 404
    assert "its sound was not kept" in silent.json["error"]


async def test_recipes_are_proposed_and_put_to_use_by_a_person_of_quality(page, store, client):
    api = client("quality")
    assert (await api.post("/recipes/ring/1/propose")).status == 200
    assert (await api.post("/recipes/ring/1/activate", {"version": 2})).status == 200
    assert (await api.post("/recipes/ring/1/activate", {"version": "before"})).status == 200
    assert [(one.name, dict(one.arguments)) for one in page.asked] == [
        ("propose", {"type": "1"}),
        ("activate", {"type": "1", "version": "2"}),
        ("activate", {"type": "1", "version": "before"}),
    ]
    with store.commit() as db:
        add_proposal(db, ProposalRow(0, AT, "ring", 1, "ana", "casting v1 abc", 2, "proposed", {"held_out": 3}))
    (row,) = (await client().get("/proposals?station=ring")).json
    assert (row["version"], row["figures"]) == (2, {"held_out": 3})


async def test_the_line_its_stations_and_its_health_are_told(page, client):
    api = client()
    line = (await api.get("/line")).json
    assert line["line"] == page.world.snapshot.line
    names = [one["name"] for one in (await api.get("/stations")).json]
    assert names == [one.name for one in page.world.snapshot.stations]
    assert (await api.get(f"/stations/{names[0]}")).json["name"] == names[0]
    assert (await api.get("/stations/nowhere")).status == 404
    assert (await api.get("/recipes")).status == 200
    assert (await api.get("/incidents")).json == []
    assert (await api.get("/orders")).json == []
    assert (await api.get("/health")).json["wall"]


async def test_a_silent_gateway_is_not_healthy(page, client):
    page.world.stale = True
    answer = await client().get("/health")
    assert (answer.status, answer.json["healthy"]) == (503, False)
    assert (await client().get("/line")).status == 503


async def test_the_schema_names_every_route_with_its_refusals(page):
    schema = (await page.browser().get("/api/v1/openapi.json")).json
    assert len(schema["paths"]) >= 20
    for path, methods in schema["paths"].items():
        assert path.startswith("/api/v1/")
        for method in methods.values():
            assert method["description"], path
            assert {"401", "503"} <= set(method["responses"]), path
