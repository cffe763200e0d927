"""The services of a foreign organisation, as a transport: it answers what was generated, and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

from aep_flow_mcp.emulator.steering.journal import could_change
from foreign.draw import Draw
from foreign.filters import BadFilterError, matching, ordered
from foreign.truth import Organisation, Refused, Thing

PLATFORM = "https://platform.adobe.io"
FLOW_SERVICE = "/data/foundation/flowservice/"
_NEIGHBOURS = {
    "/data/foundation/catalog/dataSets": "dataSets",
    "/data/foundation/conversion/mappingSets": "mappingSets",
    "/data/foundation/schemaregistry/tenant/schemas": "schemas",
    "/data/foundation/sandbox-management/sandboxes": "sandboxes",
    "/data/foundation/sandbox-management": "sandboxes",
}
_REGION = "https://platform-nld2.adobe.io"


class ForeignService(httpx.AsyncBaseTransport):
    """Answers reads. `writes` holds every request that would have changed something."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.draw = Draw(organisation.seed).at("service")
        self.writes: list[str] = []
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests += 1
        path = request.url.raw_path.decode().partition("?")[0]
        if could_change(request.method, path):
            self.writes.append(f"{request.method} {path}")
            return _json(500, {"message": "this organisation is not written to"})
        return self._answer(path.rstrip("/"), request)

    def _answer(self, path: str, request: httpx.Request) -> httpx.Response:
        if path.startswith(FLOW_SERVICE):
            return self._flow_service(path.removeprefix(FLOW_SERVICE).split("/"), request)
        if path.startswith("/data/foundation/connectors/landingzone"):
            return self._landing_zone(path)
        for prefix, collection in _NEIGHBOURS.items():
            if path == prefix:
                return self._closed(collection) or _LISTS[collection](self, request)
            if path.startswith(f"{prefix}/"):
                return self._one(collection, unquote(path.removeprefix(f"{prefix}/")), request)
        return _json(404, {"message": "nothing here"})

    # Flow Service

    def _flow_service(self, parts: list[str], request: httpx.Request) -> httpx.Response:
        collection = parts[0]
        if len(parts) == 1:
            return self._closed(collection) or self._listed(collection, request)
        if parts[1] == "search":
            return self._listed(collection, request)
        if len(parts) == 2:
            return self._one(collection, unquote(parts[1]), request)
        part = parts[2]
        if part == "explore":
            return self._explored(unquote(parts[1]), request)
        if part == "test":
            draw = self.draw.at("test", parts[1])
            return draw.pick(
                "tested",
                _json(200, {"result": True}),
                _json(200, {"result": "true"}),
                _json(400, _BAD_LOGIN),
                _json(200, {}),
            )
        return self._configs(request)

    def _listed(self, collection: str, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        params = request.url.params
        conditions = params.get_list("property") or _search_conditions(body.get("queryString"))
        try:
            found = matching(self.organisation.of(collection), conditions)
        except BadFilterError as error:
            return _json(400, {"message": f"1453-400 malformed {error}"})
        if str(params.get("count") or body.get("count") or "").lower() == "true":
            number = self.draw.at(collection).choice("countAs", len(found), str(len(found)))
            return _json(
                200,
                {"count": number} if self.draw.chance("countAlone", 50) else {"items": [], "count": number},
            )
        found = ordered(found, params.get("orderby") or body.get("orderby"))
        limit = int(params.get("limit") or body.get("limit") or 20)
        return self._page(collection, found, limit, params.get("continuationToken"))

    def _page(self, collection: str, found: list[Thing], limit: int, token: str | None) -> httpx.Response:
        """A page as real ones are: nulls between the items, empty ones before the last, links of many kinds."""
        draw = self.draw.at("pages", collection)
        start, empty = _position(token)
        size = min(limit, self.organisation.page_size.get(collection, 100))
        gap = not empty and start > 0 and draw.chance(f"emptyPage{start}", 10)
        items: list[Any] = [] if gap else [thing.body for thing in found[start : start + size]]
        end = start if gap else start + size
        if items and draw.chance(f"nullItem{start}", 10):
            items.insert(0, None)
        page: dict[str, Any] = {"items": items}
        if end < len(found):
            page["_links"] = {
                "next": {"href": self._link(draw.at(start), collection, f"{end}:{'e' if gap else ''}=+/ok")}
            }
        else:
            last: dict[str, Any] = draw.choice(
                "lastPage",
                {"_links": {}},
                {},
                {"_links": None},
                {"_links": {"next": None}},
                {"_links": {"next": {"href": None}}},
            )
            page.update(last)
        return _json(200, page)

    def _link(self, draw: Draw, collection: str, token: str) -> str:
        query = f"continuationToken={token.replace('+', '%2B').replace('=', '%3D')}"
        return draw.pick(
            "nextLink",
            f"/{collection}?{query}",
            f"/connections?{query}",
            f"{PLATFORM}:443/data/foundation/flowservice/{collection}?{query}",
            f"{_REGION}/data/foundation/flowservice/{collection}?{query}&limit=5",
            f"{PLATFORM}/data/foundation/flowservice/{collection}?{query}",
        )

    def _explored(self, id: str, request: httpx.Request) -> httpx.Response:
        found = self.organisation.explored.get(id)
        if found is None:
            found = {
                "root": [{"type": "file", "name": "a.csv", "path": "dlz-user-container/a.csv"}],
                "one": {"format": "flat"},
            }
        kind = (request.url.params.get("objectType") or "root").lower()
        return _json(200, found["root" if kind in ("root", "folder") else "one"])

    def _configs(self, request: httpx.Request) -> httpx.Response:
        start, limit = (
            int(request.url.params.get(name, default)) for name, default in (("start", "0"), ("limit", "20"))
        )
        datasets = self.organisation.of("dataSets")
        items = [{"id": thing.id, **thing.body} for thing in datasets[start : start + limit]]
        page: dict[str, Any] = {"items": items}
        if self.draw.chance("pageInfo", 50):
            end = start + len(items)
            page["pageInfo"] = {
                "start": start,
                "end": str(end),
                "total": len(datasets),
                "hasNext": end < len(datasets),
            }
        return _json(200, page)

    def _one(self, collection: str, id: str, request: httpx.Request) -> httpx.Response:
        closed = self._closed(collection)
        if closed is not None:
            return closed
        thing = self.organisation.things.get(collection, {}).get(id)
        if collection == "schemas" and thing is None:
            thing = next(
                (one for one in self.organisation.of("schemas") if one.body.get("meta:altId") == id), None
            )
        if thing is None:
            return _json(404, {"errorMessage": f"{collection} not found with id = [{id}]"})
        if thing.refused is not None:
            return error(thing.refused)
        if collection == "dataSets":
            return _json(200, {id: thing.body})
        if collection in ("schemas", "mappingSets", "sandboxes"):
            return _json(200, thing.body)
        return _json(
            200, {"items": self.draw.at("one", id).pick("oneItem", [thing.body], [thing.body, None])}
        )

    # what stands around it

    def _datasets(self, request: httpx.Request) -> httpx.Response:
        found, start, limit = self._slice("dataSets", request)
        keyed: dict[str, Any] = {thing.id: thing.body for thing in found[start : start + limit]}
        if keyed and self.draw.chance("nullDataset", 10):
            keyed["000000000000000000000000"] = None
        return _json(200, keyed)

    def _mapping_sets(self, request: httpx.Request) -> httpx.Response:
        found, start, limit = self._slice("mappingSets", request)
        page: dict[str, Any] = {"data": [thing.body for thing in found[start : start + limit]]}
        page["_page"] = {"totalCount": str(len(found)), "count": None}
        page["_links"] = self.draw.choice("mappingLinks", {}, None)
        return _json(200, page)

    def _schemas(self, request: httpx.Request) -> httpx.Response:
        results = [
            {name: thing.body.get(name) for name in ("$id", "meta:altId", "title", "version")}
            for thing in self.organisation.of("schemas")
        ]
        links = {
            "next": None,
            "global_schemas": {"href": "https://platform.adobe.io/data/foundation/schemaregistry/global"},
        }
        return _json(
            200,
            {"results": results, "_page": {"orderby": "title", "next": None, "count": 2}, "_links": links},
        )

    def _sandboxes(self, request: httpx.Request) -> httpx.Response:
        listed: list[Any] = [thing.body for thing in self.organisation.of("sandboxes")]
        root = f"{PLATFORM}:443/data/foundation/sandbox-management/sandboxes/"
        template = {"next": {"href": f"{root}?limit={{limit}}&offset={{offset}}", "templated": True}}
        page: dict[str, Any] = {"sandboxes": [*listed, None], "_page": {"limit": 100, "count": len(listed)}}
        page["_links"] = self.draw.choice(
            "sandboxLinks",
            {},
            template,
            {"page": {"href": f"{root}{{?limit,offset}}", "templated": True}},
            None,
        )
        return _json(200, page)

    def _slice(self, collection: str, request: httpx.Request) -> tuple[list[Thing], int, int]:
        params = request.url.params
        found = self.organisation.of(collection)
        if "name" in params:
            found = [thing for thing in found if thing.name == params["name"]]
        return found, int(params.get("start", 0)), int(params.get("limit", 20))

    def _landing_zone(self, path: str) -> httpx.Response:
        if not path.endswith("/credentials"):
            return _json(200, self.organisation.landing_zone)
        if "dlzProvider" in self.organisation.landing_zone:
            keys = {
                "awsAccessKeyId": "AKIAX",
                "awsSecretAccessKey": "hidden-secret-1",
                "awsSessionToken": None,
            }
            return _json(
                200, {"credentials": keys, **self.organisation.landing_zone, "expiryTime": 1_740_787_200}
            )
        uri = "https://acct.blob.core.windows.net/dlz-user-container?sv=1&sig=hidden-secret-2"
        body = {"containerName": "dlz-user-container", "SASToken": "sv=1&sig=hidden-secret-2", "SASUri": uri}
        return _json(
            200,
            {
                **body,
                "storageAccountName": "acct",
                "expiryDate": self.draw.choice("expiry", "2027-01-01", None),
            },
        )

    def _closed(self, collection: str) -> httpx.Response | None:
        closed = self.organisation.closed.get(collection)
        return None if closed is None else error(closed)


_BAD_LOGIN = {
    "type": "http://ns.adobe.com/aep/errors/CONNECTOR-1001-400",
    "title": "Bad login",
    "report": {"detailed-message": "denied"},
}
_LISTS: dict[str, Callable[[ForeignService, httpx.Request], httpx.Response]] = {
    "dataSets": ForeignService._datasets,
    "mappingSets": ForeignService._mapping_sets,
    "schemas": ForeignService._schemas,
    "sandboxes": ForeignService._sandboxes,
}


def error(refused: Refused) -> httpx.Response:
    headers = {"content-type": refused.content_type, **dict(refused.headers)}
    return httpx.Response(refused.status, headers=headers, content=refused.body)


def _json(status: int, body: Any) -> httpx.Response:
    # Lone surrogates travel as escapes, which is how a service that writes ASCII JSON sends them.
    return httpx.Response(
        status, headers={"content-type": "application/json"}, content=json.dumps(body).encode()
    )


def _position(token: str | None) -> tuple[int, bool]:
    """(start, whether the page before was an empty one) of a token of ours."""
    if not token:
        return 0, False
    start, _, rest = token.partition(":")
    assert rest.endswith("=+/ok"), f"the token came back changed: {token!r}"
    return int(start), rest.startswith("e")


def _search_conditions(query: str | None) -> list[str]:
    return [part for part in (query or "").split("&") if part]
