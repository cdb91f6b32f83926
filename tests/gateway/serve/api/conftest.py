"""The page's own fixtures: the API is served by the same app."""

import json

import pytest

from tests.gateway.serve.page.conftest import page, store

__all__ = ["client", "page", "store"]


class Client:
    """A program with a token of a role, or with none."""

    def __init__(self, page, role):
        self._page, self._browser = page, page.browser()
        self._sends = {} if role is None else {"authorization": f"Bearer {page.token(role)}"}

    async def get(self, path):
        return await self._browser.get(f"/api/v1{path}", **self._sends)

    async def post(self, path, said=None, **sends):
        body = b"" if said is None else json.dumps(said).encode()
        headers = {"origin": None, "content-type": "application/json"} | self._sends | sends
        return await self._browser.post(f"/api/v1{path}", body=body, **headers)


@pytest.fixture
def client(page):
    return lambda role=None: Client(page, role)
