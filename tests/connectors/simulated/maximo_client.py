"""A client of the simulated Maximo: what it sends is seen in the test."""

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode


class Wall:
    def __init__(self):
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self):
        return self.now


@dataclass
class Got:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["Error"]["reasonCode"]


class Client:
    """As little of a client as will do: what it sends is seen in the test."""

    def __init__(self, maximo):
        self.maximo = maximo
        self.port = int(maximo.url.split(":")[2].split("/")[0])

    def __call__(self, method, path, body=None, root="api", lean=True, headers=None, **query):
        query = ({"lean": "1"} if lean else {}) | {
            name.replace("oslc_", "oslc."): value for name, value in query.items()
        }
        sent = {"apikey": "demo-key"} | (headers or {})
        raw = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            target = path if path.startswith("/") else f"/maximo/{root}/{path}"
            line.request(method, f"{target}?{urlencode(query, quote_via=quote)}", raw, sent)
            answer = line.getresponse()
            return Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            line.close()

    def create(self, headers=None, **fields):
        body = {"siteid": "BEDFORD", "description": "noise"} | fields
        return self("POST", "os/mxapiwodetail", body, headers=headers)

    def at(self, answer, method="GET", body=None, tail="", **more):
        path = answer.headers["location"].split("/maximo/oslc/")[1]
        return self(method, path + tail, body, **more)


PATCH = {"x-method-override": "PATCH"}
MERGE = PATCH | {"patchtype": "MERGE"}
