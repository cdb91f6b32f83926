"""The simulated Maximo where it is asked, logged into and given files."""

import base64

import pytest

# ---- asking ---------------------------------------------------------------------------------------------------------


def test_a_collection_without_a_select_shows_links_alone(call):
    call.create()
    (row,) = call("GET", "os/mxapiwodetail").json["member"]

    assert set(row) == {"href", "_rowstamp"}


def test_empty_fields_are_absent_unless_asked_for(call):
    call.create()
    (plain,) = call("GET", "os/mxwo", oslc_select="*").json["member"]
    (whole,) = call("GET", "os/mxwo", oslc_select="*", _dropnulls="0").json["member"]

    assert "assetnum" not in plain
    assert whole["assetnum"] is None


def test_pages_are_counted_and_linked_and_a_page_too_large_is_refused(start):
    call = start(page_size_max=10)
    for _ in range(5):
        call.create()
    query = {"oslc_select": "wonum", "oslc_pageSize": "2", "collectioncount": "1", "oslc_orderBy": "-wonum"}
    first = call("GET", "os/mxwo", **query).json
    last = call("GET", "os/mxwo", pageno="3", **query).json

    assert [row["wonum"] for row in first["member"]] == ["1005", "1004"]
    assert (first["responseInfo"]["totalCount"], first["responseInfo"]["totalPages"]) == (5, 3)
    assert "pageno=2" in first["responseInfo"]["nextPage"]["href"]
    assert [row["wonum"] for row in last["member"]] == ["1001"]
    assert "nextPage" not in last["responseInfo"]
    assert call("GET", "os/mxwo", oslc_pageSize="11").status == 400
    assert call("GET", "os/mxwo", count="1").json == {"totalCount": 5}


def test_without_lean_every_name_has_its_namespace(call):
    call.create()
    shown = call(
        "GET", "os/mxwo", lean=False, collectioncount="1", **{"oslc_select": "spi:wonum", "oslc_pageSize": "1"}
    )

    assert shown.json["rdfs:member"][0]["spi:wonum"] == "1001"
    assert shown.json["oslc:responseInfo"]["oslc:totalCount"] == 1


def test_what_describes_the_site_is_told(call):
    assert call("GET", "whoami").json["loginID"] == "WHEELTAP"
    assert call("GET", "systeminfo").status == 200
    assert {"osName": "MXAPIWODETAIL", "authApp": "MXAPIWODETAIL"} in call("GET", "apimeta").json["member"]
    schema = call("GET", "jsonschemas/mxapiwodetail").json
    assert schema["properties"]["description"]["maxLength"] == 100
    assert schema["properties"]["assetnum"]["subType"] == "UPPER"
    assert schema["pk"] == ["siteid", "wonum"]


# ---- login ----------------------------------------------------------------------------------------------------------


def test_a_wrong_key_is_401_with_a_code(call):
    refused = call("GET", "whoami", headers={"apikey": "wrong"})

    assert (refused.status, refused.code) == (401, "BMXAA0021E")


def test_a_cookie_played_back_beside_a_key_locks_the_key_out(start):
    for trap, status in ((True, 401), (False, 200)):
        call = start(cookie_trap=trap)
        cookie = call("GET", "whoami").headers["set-cookie"].split(";")[0]

        assert call("GET", "whoami", headers={"Cookie": cookie}).status == status


def maxauth(text):
    return {"apikey": "null", "maxauth": base64.b64encode(text.encode()).decode()}


def test_a_password_opens_oslc_alone_and_its_session_remembers_lean(call):
    login = call("GET", "/maximo/oslc", headers=maxauth("wilson:wilson"), lean=True)
    cookie = {"apikey": "null", "Cookie": login.headers["set-cookie"].split(";")[0]}

    assert login.status == 200
    assert call("GET", "os/mxwo", root="oslc", lean=False, headers=cookie).json["member"] == []
    assert call("GET", "whoami", root="api", headers=maxauth("wilson:wilson")).status == 401
    assert call("GET", "whoami", root="oslc", headers=maxauth("wilson:wrong")).status == 401
    assert call("GET", "whoami", root="oslc", headers={"apikey": "null", "maxauth": "%%%"}).status == 401


def test_missing_rights_are_400_with_a_code(start):
    call = start(refused_users=frozenset({"WHEELTAP"}))

    assert (call("GET", "os/mxwo").status, call("GET", "os/mxwo").code) == (400, "BMXAA9301E")


# ---- attachments ----------------------------------------------------------------------------------------------------


def test_a_file_is_kept_with_its_name_and_read_back(call):
    made = call.create()
    headers = {"slug": "a.png", "x-document-meta": "Attachments", "Content-Type": "image/png"}
    put = call.at(made, "POST", b"\x89PNG", tail="/doclinks", headers=headers)
    shown = call.at(made, tail="/doclinks").json["member"][0]["describedBy"]

    assert put.status == 201
    assert (shown["fileName"], shown["attachmentSize"]) == ("a.png", 4)
    assert call.at(made, tail="/doclinks/1").body == b"\x89PNG"
    assert call.at(made, tail="/doclinks/9").status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"slug": "a.png", "Content-Type": "multipart/form-data; boundary=x"}, 400),
        ({"slug": "a.wav", "Content-Type": "audio/wav"}, 400),
        ({"Content-Type": "image/png"}, 400),
        ({"encslug": "###", "Content-Type": "image/png"}, 400),
        ({"encslug": base64.b64encode("ü.png".encode()).decode(), "Content-Type": "image/png"}, 201),
    ],
)
def test_a_file_is_taken_raw_with_a_name_and_an_allowed_type_alone(call, headers, status):
    assert call.at(call.create(), "POST", b"x", tail="/doclinks", headers=headers).status == status
