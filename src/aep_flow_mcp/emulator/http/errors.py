"""The error bodies of the Platform, each raised as an `ApiError` where it is known.

Flow Service and the sources behind it number their errors alike with different meanings, so a code is
raised with its issuer: `problem` for Flow Service, `provider` for the sources.
"""

from __future__ import annotations

from ..json_types import JsonObject

GATEWAY_STATUS = {
    "400003": (400, "The organisation header is missing"),
    "401013": (401, "The access token is not valid or has expired"),
    "403000": (403, "The API key is missing"),
    "403003": (403, "The API key is not valid"),
    "403010": (403, "The access token is missing"),
    "403025": (403, "The profile is not valid"),
    "429050": (429, "Too many requests"),
}

FLOW_STATUS = {
    1104: 504,
    1103: 503,
    1102: 500,
    1404: 412,
    2000: 401,
    2001: 401,
    2002: 401,
    2100: 404,
    2111: 403,
    2118: 403,
    2200: 500,
    2250: 500,
}
"""Flow Service codes whose status is not 400."""

PROVIDER_STATUS = {1001: 401, 1002: 403, 1003: 404, 1004: 415, 1005: 500, 1006: 408, 1402: 500}
"""Codes of the sources provider whose status is not 400."""


class ApiError(Exception):
    """An answer that is an error: a status, a JSON body, and headers."""

    def __init__(self, status: int, body: JsonObject, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def gateway(code: str, *, as_number: bool = False, headers: dict[str, str] | None = None) -> ApiError:
    """An error of the API gateway, before any service is reached."""
    status, message = GATEWAY_STATUS[code]
    return ApiError(status, {"error_code": int(code) if as_number else code, "message": message}, headers)


def problem(code: int, detail: str) -> ApiError:
    """A Flow Service error: problem JSON with `FLOW-<code>-<status>` as the last part of its type."""
    return _problem_json("FLOW", code, FLOW_STATUS.get(code, 400), detail)


def provider(code: int, detail: str) -> ApiError:
    """An error of the sources provider, passed through as `CONNECTOR-<code>-<status>`."""
    return _problem_json("CONNECTOR", code, PROVIDER_STATUS.get(code, 400), detail)


def schema_registry(code: int, status: int, detail: str) -> ApiError:
    return _problem_json("XDM", code, status, detail)


def _problem_json(issuer: str, code: int, status: int, detail: str) -> ApiError:
    name = f"{issuer}-{code}-{status}"
    return ApiError(
        status,
        {
            "type": f"http://ns.adobe.com/aep/errors/{name}",
            "title": _TITLES.get(status, "Bad request"),
            "status": status,
            "report": {"detailed-message": f"{name}: {detail}", "sub-errors": []},
            "detail": detail,
        },
    )


_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    408: "Request timeout",
    412: "Precondition failed",
    415: "Unsupported media type",
    500: "Internal error",
    503: "Service unavailable",
    504: "Gateway timeout",
}


def not_found(kind: str, id: str) -> ApiError:
    """The classic 404 of Flow Service."""
    text = f"{kind} not found with id = [{id}]"
    return ApiError(404, {"errorMessage": text, "errorDetails": text})


def unseen(kind: str, id: str) -> ApiError:
    """The 404 of an object whose access label the caller's roles lack: as if it did not exist."""
    text = f"The requested {kind} resource {id} is not found."
    report = {"detailed-message": text, "id": id, "request-id": "", "type": kind}
    return _labelled(404, "FLOW-1439-404", "Resource not found", report)


def forbidden() -> ApiError:
    """The 403 of a change to an object whose access label the caller's roles lack."""
    report = {"detailed-message": "The permissions do not suffice for the operation.", "request-id": ""}
    return _labelled(403, "FLOW-2120-403", "Forbidden", report)


def _labelled(status: int, code: str, title: str, report: JsonObject) -> ApiError:
    text = report["detailed-message"]
    about = {"type": f"https://ns.adobe.com/aep/errors/{code}", "title": title, "status": status}
    return ApiError(status, {**about, "report": report, "errorMessage": text, "errorDetails": text})


def stale(sent: str, current: str) -> ApiError:
    """412: the object moved on since the caller read it. ETags come without their quotes here."""
    text = f'Supplied version=["{_bare(sent)}"] does not match the current version on entity=["{_bare(current)}"]'
    return ApiError(412, {"errorMessage": text, "errorDetails": text})


def _bare(etag: str) -> str:
    return etag.strip('"')


def unprocessable(detail: str) -> ApiError:
    """422: a required member is missing."""
    return ApiError(422, {"errorMessage": detail, "errorDetails": detail})


def minimal(message: str) -> ApiError:
    return ApiError(400, {"message": message})


def bad_request(detail: str) -> ApiError:
    return generic(400, "BadRequestError", detail)


def generic(status: int, title: str, detail: str) -> ApiError:
    """The generic error of the Platform, without a code."""
    body = {"type": "/placeholder/type/uri", "status": status, "title": title, "detail": detail}
    return ApiError(status, body)
