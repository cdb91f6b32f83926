"""The simulated Maximo keeps the habits of the real one that decide whether an order is lost or doubled."""

import http.client
import threading
from datetime import timedelta

import pytest

from connectors.simulated.maximo import Asset, Fault, serve
from tests.connectors.simulated.maximo_client import MERGE, PATCH, Client

# ---- creating -------------------------------------------------------------------------------------------------------


def test_a_create_answers_201_with_a_location_and_an_empty_body(call):
    made = call.create()

    assert (made.status, made.body) == (201, b"")
    assert made.headers["location"].endswith("/maximo/oslc/os/mxapiwodetail/_QkVERk9SRC8xMDAx")


def test_a_create_answers_the_properties_it_is_asked_for(call):
    made = call.create({"properties": "wonum,status"})

    assert made.json["wonum"] == "1001"
    assert made.json["status"] == "WAPPR"
    assert "description" not in made.json


def test_links_follow_x_public_uri(call):
    made = call.create({"x-public-uri": "https://m.example/maximo/api"})

    assert made.headers["location"].startswith("https://m.example/maximo/api/os/mxapiwodetail/_")


def test_numbers_count_up_and_upper_fields_are_upper_cased(call):
    call.create()
    made = call.create({"properties": "*"}, assetnum="pump-7")
    row = call.at(made).json

    assert (row["wonum"], row["assetnum"], row["status"]) == ("1002", "PUMP-7", "WAPPR")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"siteid": None}, "BMXAA4195E", "siteid"),
        ({"siteid": "NOWHERE"}, "BMXAA4153E", "siteid"),
        ({"siteid": "MUCHTOOLONG"}, "BMXAA4049E", "siteid"),
        ({"description": "x" * 101}, "BMXAA4049E", "description"),
        ({"description_longdescription": "x" * 32001}, "BMXAA4049E", "description_longdescription"),
        ({"assetnum": "GONE"}, "BMXAA0090E", "assetnum"),
        ({"location": "NOWHERE"}, "BMXAA2661E", "location"),
        ({"location": "x" * 13}, "BMXAA4049E", "location"),
        ({"worktype": "CBM"}, "BMXAA4190E", "worktype"),
        ({"wopriority": 1000}, "BMXAA4190E", "wopriority"),
        ({"wopriority": "high"}, "BMXAA4191E", "wopriority"),
        ({"wopriority": True}, "BMXAA4191E", "wopriority"),
        ({"problemcode": "NOI"}, "BMXAA4191E", "problemcode"),
        ({"status": "APPR"}, "BMXAA4190E", "status"),
        ({"reportdate": "2026-11-24T13:00:02+00:00"}, "BMXAA4494E", "reportdate"),
        ({"reportdate": "tomorrow"}, "BMXAA4191E", "reportdate"),
        ({"worklog": ["text"]}, "BMXAA4195E", "worklog"),
    ],
)
def test_a_broken_rule_is_400_with_its_code_and_nothing_is_written(call, fields, code, field):
    refused = call.create(**fields)

    assert (refused.status, refused.code) == (400, code)
    assert refused.json["Error"]["statusCode"] == "400"
    assert refused.json["Error"]["errorattrname"] == field
    assert call.maximo.orders == []


def test_the_same_number_twice_is_a_duplicate(call):
    call.create(wonum="WT1")

    assert call.create(wonum="wt1").code == "BMXAA4129E"


def test_an_asset_that_does_not_operate_is_not_valid(start):
    call = start(assets=(Asset("PUMP-7", status="DECOMMISSIONED"),))

    assert call.create(assetnum="PUMP-7").code == "BMXAA0090E"


def test_an_unknown_field_is_forgotten_without_a_word(call):
    assert call.at(call.create(frobnicate="x")).json.get("frobnicate") is None


def test_without_lean_names_without_a_namespace_are_dropped(call):
    refused = call("POST", "os/mxwo", {"siteid": "BEDFORD"}, lean=False)
    made = call("POST", "os/mxwo", {"spi:siteid": "BEDFORD"}, lean=False, headers={"properties": "spi:wonum"})

    assert refused.json["oslc:Error"]["spi:reasonCode"] == "BMXAA4195E"
    assert refused.json["oslc:Error"]["oslc:statusCode"] == "400"
    assert made.json["spi:wonum"] == "1001"
    assert "rdf:about" in made.json


def test_a_chunked_body_and_the_word_null_in_a_header_are_taken(call):
    body = iter([b'{"siteid":', b'"BEDFORD"}'])
    line = http.client.HTTPConnection("127.0.0.1", call.port, timeout=5)
    headers = {"apikey": "demo-key", "x-method-override": "null", "patchtype": "null"}
    line.request("POST", "/maximo/api/os/mxwo?&lean=1", body, headers, encode_chunked=True)

    assert line.getresponse().status == 201
    line.close()


# ---- once -----------------------------------------------------------------------------------------------------------


def test_a_transaction_id_is_refused_for_five_minutes_and_then_forgotten(call, wall):
    headers = {"transactionid": "t-1"}
    first, second = call.create(headers), call.create(headers)
    wall.now += timedelta(seconds=299)
    third = call.create(headers)
    wall.now += timedelta(seconds=1)
    fourth = call.create(headers)

    assert [answer.status for answer in (first, second, third, fourth)] == [201, 409, 409, 201]


def test_a_failed_create_does_not_use_its_transaction_id_up(call):
    headers = {"transactionid": "t-1"}

    assert call.create(headers, assetnum="GONE").status == 400
    assert call.create(headers).status == 201


def test_sync_finds_by_primary_key_and_makes_what_it_does_not_find(call):
    sync = {"x-method-override": "SYNC", "patchtype": "MERGE"}
    first = call.create(sync, wonum="WT1")
    second = call.create(sync, wonum="WT1", description="changed")

    assert (first.status, second.status) == (201, 204)
    assert [order.description for order in call.maximo.orders] == ["changed"]


def test_sync_without_a_number_doubles_unless_an_alternate_key_stands(start):
    sync = {"x-method-override": "SYNC"}
    plain, keyed = start(), start(alternate_key=True)
    for call in (plain, keyed):
        call.create(sync, externalrefid="KEY")
        call.create(sync, externalrefid="KEY")

    assert len(plain.maximo.orders) == 2
    assert len(keyed.maximo.orders) == 1
    assert keyed.create(externalrefid="KEY").code == "BMXAA4129E"


def test_a_bulk_of_good_and_bad_is_200_and_each_row_says_its_own(call):
    rows = [{"_data": {"siteid": "BEDFORD"}}, {"siteid": "NOWHERE"}]
    answer = call("POST", "os/mxwo", rows, headers={"x-method-override": "BULK"})

    assert answer.status == 200
    assert [row["_responsemeta"]["status"] for row in answer.json] == ["201", "400"]
    assert answer.json[1]["_responsedata"]["Error"]["reasonCode"] == "BMXAA4153E"
    assert len(call.maximo.orders) == 1


# ---- changing -------------------------------------------------------------------------------------------------------


def test_merge_keeps_the_rows_that_a_plain_patch_deletes(call):
    made = call.create(worklog=[{"description": "one"}])

    assert call.at(made, "POST", {"worklog": [{"description": "two"}]}, headers=MERGE).status == 204
    assert call.maximo.orders[0].worklog == ("one", "two")
    call.at(made, "POST", {"worklog": [{"description": "three"}]}, headers=PATCH | {"patchtype": "AddChange"})
    assert call.maximo.orders[0].worklog == ("three",)
    call.at(made, "POST", {"description": "x"}, headers=PATCH)
    assert call.maximo.orders[0].worklog == ()


def test_a_stale_rowstamp_is_412_and_the_right_one_is_taken_once(call):
    made = call.create()
    stamp = call.at(made).json["_rowstamp"]
    body = {"_rowstamp": stamp, "description": "x"}

    assert call.at(made, "POST", body, headers=MERGE).status == 204
    assert call.at(made, "POST", body, headers=MERGE).status == 412
    assert call.at(made, "POST", body, headers=MERGE).code == "BMXAA8229W"


def test_a_change_answers_its_properties(call):
    made = call.create()
    changed = call.at(made, "POST", {"description": "x"}, headers=MERGE | {"properties": "description"})

    assert (changed.status, changed.json["description"]) == (200, "x")


@pytest.mark.parametrize("headers", [{}, {"x-method-override": "SYNC"}])
def test_a_post_at_a_record_without_an_override_is_refused(call, headers):
    assert call.at(call.create(), "POST", {"description": "x"}, headers=headers).code == "oslc#create_on_updateuri"


def test_x_http_method_is_refused(call):
    assert call.create({"X-HTTP-Method": "PATCH"}).code == "oslc#create_on_updateuri"


def test_an_unknown_record_a_wrong_structure_and_a_wrong_path_are_404(call):
    for path in ("os/mxwo/_QkVERk9SRC85OTk5", "os/mxnone", "nowhere", "os/mxwo/_x/y"):
        assert call("GET", path).status == 404


def test_a_deleted_record_is_gone(call):
    made = call.create()

    assert call.at(made, "DELETE").status == 204
    assert call.at(made).status == 404


# ---- the life of a status -------------------------------------------------------------------------------------------


def change(call, made, status, **more):
    return call.at(made, "POST", {"status": status} | more, headers=PATCH, action="wsmethod:changeStatus")


def test_a_status_moves_along_its_life_and_no_other_way(call):
    made = call.create()

    assert change(call, made, "INPRG").status == 204
    assert change(call, made, "COMP", memo="done").status == 204
    assert change(call, made, "INPRG").code == "BMXAA4638E"
    assert change(call, made, "APPR").code == "BMXAA4638E"
    assert change(call, made, "BOGUS").code == "BMXAA4190E"
    assert change(call, made, "CLOSE").status == 204
    assert call.at(made, "POST", {"description": "x"}, headers=MERGE).status == 400


def test_a_status_may_be_patched_with_a_memo(call):
    made = call.create()
    call.at(made, "POST", {"status": "CAN", "np_statusmemo": "no"}, headers=MERGE)

    assert call.at(made).json["wostatus"][0]["memo"] == "no"


def test_a_synonym_is_shown_as_it_is_and_known_by_its_internal_word(call):
    made = call.create()
    change(call, made, "appr s1")
    shown = call.at(made, oslc_select="status", internalvalues="1").json
    found = call("GET", "os/mxwo", oslc_select="wonum", domaininternalwhere="status=APPR,INPRG").json

    assert (shown["status"], shown["status_maxvalue"]) == ("APPR S1", "APPR")
    assert len(found["member"]) == 1


# ---- the line -------------------------------------------------------------------------------------------------------


def test_what_was_lost_after_the_commit_stands_and_what_was_lost_before_does_not(call):
    for commits in (False, True):
        call.maximo.faults.add(Fault("reset", commits=commits, method="POST"))
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            call.create()

    assert len(call.maximo.orders) == 1


def test_a_fault_hits_the_requests_it_names_as_often_as_it_says(call):
    call.maximo.faults.add(Fault("busy", path="mxapisr", times=2, retry_after="9"))

    assert call("GET", "os/mxapiwodetail").status == 200
    assert [call("GET", "os/mxapisr").status for _ in range(3)] == [429, 429, 200]
    call.maximo.faults.add(Fault("busy"))
    call.maximo.faults.clear()
    assert call("GET", "whoami").status == 200


def test_stopping_refuses_and_starting_again_remembers(call):
    call.create()
    url = call.maximo.url
    call.maximo.stop()
    with pytest.raises(ConnectionRefusedError):
        call("GET", "whoami")

    assert call.maximo.start() == url
    assert len(call("GET", "os/mxwo").json["member"]) == 1


def test_stopping_does_not_wait_for_an_answer_that_hangs(call):
    call.maximo.faults.add(Fault("hang"))
    broken = []

    def ask():
        with pytest.raises((OSError, http.client.HTTPException)):
            call("GET", "whoami")
        broken.append(True)

    asking = threading.Thread(target=ask)
    asking.start()
    while not call.maximo.seen:
        pass
    call.maximo.stop()
    asking.join(5)

    assert broken == [True]


@pytest.mark.parametrize("head", [b"Content-Length: -1", b"Content-Length: x", b"Content-Length: 99999999999"])
def test_an_impossible_body_is_refused_and_not_waited_for(call, head):
    line = http.client.HTTPConnection("127.0.0.1", call.port, timeout=5)
    line.connect()
    line.sock.sendall(b"POST /maximo/api/os/mxwo HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
    assert line.sock.recv(100).startswith(b"HTTP/1.1 413")
    line.close()


@pytest.mark.parametrize("body", [b"", b"[1", b"[]", b"3", b"[" * 100_000, b'"x"'])
def test_a_body_that_is_no_object_is_400(call, body):
    assert call("POST", "os/mxwo", body).status == 400


def test_eight_clients_at_once_get_eight_numbers(call):
    clients = [threading.Thread(target=call.create) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(5)

    assert sorted(order.number for order in call.maximo.orders) == [str(n) for n in range(1001, 1009)]


def test_served_by_itself_it_says_where_and_ends_when_told():
    stop, seen = threading.Event(), []

    def ready(maximo):
        seen.append(Client(maximo)("GET", "whoami").status)
        stop.set()

    serve("127.0.0.1", 0, ready=ready, stop=stop)

    assert seen == [200]


# ---- people ---------------------------------------------------------------------------------------------------------


def test_people_do_what_people_do(call):
    maximo = call.maximo
    number = maximo.make_order("PUMP-7", "noise")
    maximo.approve(number)
    maximo.edit(number, description="loud noise")
    assert [(o.number, o.status, o.description) for o in maximo.orders] == [(number, "APPR", "loud noise")]
    maximo.complete(number)
    maximo.close(number)
    assert maximo.orders[0].status == "CLOSE"
    maximo.delete(number)
    assert maximo.orders == []
    maximo.put_asset(Asset("PUMP-9"))
    assert call.create(assetnum="pump-9").status == 201
