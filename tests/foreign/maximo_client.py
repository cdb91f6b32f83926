"""Drives the simulated Maximo with the client of PyPI; runs in that client's own environment.

Settings come from its own environment variables. The last line printed is what it saw, as JSON.
"""

import asyncio
import json
import sys

from core.maximo_client import MaximoAPIError, MaximoClient


async def main():
    seen = {}
    async with MaximoClient() as client:
        seen["login"] = await client.authenticate()
        order = {"siteid": "BEDFORD", "assetnum": "PUMP-7", "description": "Made by the client of PyPI"}
        await client.post("/os/mxapiwodetail", order)
        query = client.build_oslc_query(
            where='siteid="BEDFORD" and status="WAPPR"',
            select="wonum,description,status,assetnum",
            order_by="-wonum",
            page_size=50,
            collectioncount=1,
        )
        found = await client.get("/os/mxapiwodetail", query)
        seen["total"], seen["member"] = found["totalCount"], found["member"]
        try:
            await client.post("/os/mxapiwodetail", {"siteid": "BEDFORD", "assetnum": "NO-SUCH"})
        except MaximoAPIError as error:
            seen["refused"] = [error.status_code, json.loads(error.response_body)["Error"]["reasonCode"]]
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
