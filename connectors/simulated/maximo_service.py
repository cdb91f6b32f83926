"""The REST face of the simulated Maximo: requests in, replies out, no sockets."""

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from connectors.simulated.maximo_fields import STRUCTURES, Refusal, Table
from connectors.simulated.maximo_resources import Collection, Record, Reply, Request
from connectors.simulated.maximo_rows import Rows
from connectors.simulated.maximo_shapes import Json, error_json, prefixed, schema_json


@dataclass(frozen=True, slots=True)
class _Session:
    user: str  #: empty for the session of an API key, which carries no rights
    lean: bool


class Service:
    """Login, routes and verbs over `Rows`."""

    def __init__(self, rows: Rows) -> None:
        self.settings: Final = rows.settings
        self.wall: Final = rows.wall
        self._rows: Final = rows
        self._sessions: dict[str, _Session] = {}

    def answer(self, request: Request) -> Reply:
        """Answer one request as one transaction."""
        lean = request.query.get("lean") == "1"
        with self._rows.lock:
            cookie = _cookie(request)
            try:
                user, lean = self._login(request, cookie, lean=lean)
                reply = self._route(request, user, lean=lean)
            except Refusal as refusal:
                user, reply = "", Reply(refusal.status, error_json(refusal, lean=lean))
            headers = dict(reply.headers)
            if cookie not in self._sessions:
                headers["Set-Cookie"] = self._new_session(request, user, lean=lean)
        body = reply.body
        if isinstance(body, dict) and not lean and reply.status < 300:
            body = prefixed(body)  # type: ignore[assignment]  # a dict stays a dict
        return Reply(reply.status, body, headers)

    # ---- login ------------------------------------------------------------------------------------------------------

    def _login(self, request: Request, cookie: str, *, lean: bool) -> tuple[str, bool]:
        session = self._sessions.get(cookie)
        lean = lean or (session is not None and session.lean)
        key = request.header("apikey") or request.query.get("apikey", "")
        if key:
            user = self.settings.keys.get(key)
            # A cookie beside a key wins, and the session behind it has no credentials.
            if user is None or (session is not None and not session.user and self.settings.cookie_trap):
                raise _unauthorised()
            return user, lean
        if request.path.startswith("/maximo/api"):
            raise _unauthorised()  # only a key opens this path
        if session is not None and session.user:
            return session.user, lean
        return self._password(request), lean

    def _password(self, request: Request) -> str:
        basic = request.header("authorization").partition(" ")
        token = request.header("maxauth") or (basic[2] if basic[0].lower() == "basic" else "")
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise _unauthorised() from None
        if not token or self.settings.users.get(user.upper()) != password:
            raise _unauthorised()
        return user.upper()

    def _new_session(self, request: Request, user: str, *, lean: bool) -> str:
        cookie = secrets.token_hex(8)
        if len(self._sessions) > 1000:
            self._sessions.clear()
        with_key = bool(request.header("apikey") or request.query.get("apikey"))
        self._sessions[cookie] = _Session("" if with_key else user, lean)
        return f"JSESSIONID={cookie}; Path=/maximo; HttpOnly"

    # ---- routes -----------------------------------------------------------------------------------------------------

    def _route(self, request: Request, user: str, *, lean: bool) -> Reply:
        match [unquote(part) for part in request.path.strip("/").split("/")]:
            case ["maximo", "oslc" | "api"] | ["maximo", "oslc" | "api", "login"]:
                return Reply(200, {"loginID": user})
            case ["maximo", "oslc" | "api", "whoami"]:
                site = self.settings.site
                who: Json = {"loginID": user, "userName": user, "displayName": user, "defaultSite": site}
                return Reply(200, who | {"insertSite": site, "insertOrg": self.settings.org, "langcode": "EN"})
            case ["maximo", "oslc" | "api", "systeminfo"]:
                now = self._rows.wall().isoformat(timespec="seconds")
                return Reply(200, {"appserver": {"timezone": "UTC", "date": now}, "version": "simulated"})
            case ["maximo", "oslc" | "api", "apimeta"]:
                names = [{"osName": name, "authApp": name} for name in sorted(STRUCTURES)]
                return Reply(200, {"member": names})
            case ["maximo", "oslc" | "api", "jsonschemas", structure]:
                return Reply(200, schema_json(structure.upper(), self._table(structure, user)))
            case ["maximo", "oslc" | "api", "os", structure]:
                return Collection(self._rows, request, self._table(structure, user), lean=lean).answer()
            case ["maximo", "oslc" | "api", "os", structure, rest_id, *rest]:
                table = self._table(structure, user)
                row = self._rows.by_id(table.name, rest_id)
                return Record(self._rows, request, row, lean=lean).answer(rest)
        raise Refusal(404, "", f"nothing is at {request.path}")

    def _table(self, structure: str, user: str) -> Table:
        name = STRUCTURES.get(structure.upper())
        if name is None:
            raise Refusal(404, "", f"there is no object structure {structure}")
        if user in self.settings.refused_users:
            raise Refusal(400, "BMXAA9301E", f"BMXAA9301E - {user} is not authorized for {structure}.")
        return self._rows.tables[name]


def _cookie(request: Request) -> str:
    for part in request.header("cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "JSESSIONID":
            return value
    return ""


def _unauthorised() -> Refusal:
    return Refusal(401, "BMXAA0021E", "BMXAA0021E - you are not logged in.")
