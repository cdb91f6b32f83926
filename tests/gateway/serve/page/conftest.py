"""A page over a store of its own, asked without a network: requests go to the app as a server would hand them on."""

import json
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from gateway.processes.ledger_messages import CommandAnswer
from gateway.serve.page.app import make_app
from gateway.serve.page.world import World
from gateway.serve.people import People, Role, User, hashed, new_token
from gateway.serve.plan import PagePlan
from gateway.store.database import Store
from tests.gateway.serve.snapshots import a_snapshot

PASSWORD = "a few plain words"
HASH = hashed(PASSWORD)  # once: it is slow on purpose


class Clock:
    """Time that stands until it is moved."""

    def __init__(self):
        self.time = 1000.0

    def now(self):
        return self.time


@dataclass
class Answer:
    status: int
    headers: list
    body: bytes

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Browser:
    """Keeps cookies and knows its host, as a browser does; `sends` adds or replaces headers."""

    app: object
    host: str = "127.0.0.1:8080"
    address: str = "127.0.0.1"
    cookies: dict = field(default_factory=dict)

    async def get(self, path, **sends):
        return await self.ask("GET", path, b"", sends)

    async def post(self, path, form=None, body=None, **sends):
        content = urlencode(form or {}).encode() if body is None else body
        kind = {"content-type": "application/x-www-form-urlencoded"} if body is None else {}
        return await self.ask("POST", path, content, {"origin": f"http://{self.host}"} | kind | sends)

    async def ask(self, method, path, body, sends):
        pieces = body if isinstance(body, list) else [body]
        headers = {"host": self.host, "content-length": str(sum(map(len, pieces)))}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers |= {name.replace("_", "-"): value for name, value in sends.items()}
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value is not None],
            "client": (self.address, 50000), "server": ("127.0.0.1", 8080), "state": {},
        }  # fmt: skip
        sent, parts = [], iter(enumerate(pieces, 1))

        async def receive():
            number, part = next(parts, (0, b""))
            if not number:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": number < len(pieces)}

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        (start,) = (one for one in sent if one["type"] == "http.response.start")
        found = [(name.decode(), value.decode()) for name, value in start["headers"]]
        for name, value in found:
            if name == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    self.cookies[key] = morsel.value
        content = b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body")
        return Answer(start["status"], found, content)


@dataclass
class Page:
    """The page, its world and what was asked of the ledger."""

    world: World
    app: object
    guarded: object
    clock: Clock
    asked: list

    def browser(self, **changes):
        return Browser(**{"app": self.guarded} | changes)

    def people(self, **roles):
        """Name people by role; everybody has the same password."""
        users = tuple(User(name=name, role=role, password=HASH) for name, role in roles.items())
        self.world.people.write(People(users=users))

    def token(self, role):
        token, secret = new_token("tester", Role(role))
        self.world.people.write(self.world.people.read().model_copy(update={"tokens": (token,)}))
        return secret

    async def someone(self, role="quality"):
        """A browser somebody of this role has logged in with, and the mark of its forms."""
        self.people(**{f"a-{role}": Role(role)})
        browser = self.browser()
        answer = await browser.post("/login", {"name": f"a-{role}", "password": PASSWORD})
        assert answer.status == 303, answer.text
        (session,) = self.app.state.sessions._sessions.values()
        return browser, session.csrf


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path, "now")
    yield store
    store.close()


@pytest.fixture
def page(store, tmp_path):
    clock, asked = Clock(), []
    world = World(
        PagePlan(
            "http", "127.0.0.1", 8080, "Casting line 2", "Europe/Berlin", str(tmp_path), ("127.0.0.1", "localhost")
        ),
        clock,
        lambda command: answer(command),
    )

    def answer(command):
        asked.append(command)
        told = CommandAnswer(command.name, command.target, command.who, True, f"{command.name}: done", command.id)
        assert world.answered(told)
        return True

    app, guarded = make_app(world)
    world.snapshot, world.stale = a_snapshot(), False
    return Page(world, app, guarded, clock, asked)
