"""Who may call: IMS, the gateway's headers, sandboxes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from aep_flow_mcp.emulator import EmulatorOptions, Variants
from emulator.kit import FLOW_SERVICE, Api, Reply, make_api

FORM = {"content-type": "application/x-www-form-urlencoded"}
FIELDS = {
    "grant_type": "client_credentials",
    "client_id": "emulator-client",
    "client_secret": "emulator-secret",
    "scope": "openid,AdobeID",
}


def ask_token(api: Api, **changes: str | None) -> Reply:
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    return api.raw("POST", "/ims/token/v3", headers=FORM, body=urlencode(fields).encode())


def test_a_token_from_ims_opens_the_platform(api: Api) -> None:
    reply = ask_token(api)
    assert reply.status == 200
    assert reply.body["token_type"] == "bearer"
    assert reply.body["expires_in"] == 86_399
    api.token = reply.body["access_token"]
    assert api.get("/flows", ("limit", "1")).status == 200


def test_the_fields_may_be_in_the_query(api: Api) -> None:
    reply = api.raw("POST", "/ims/token/v3", query=FIELDS.items())
    assert reply.status == 200
    assert reply.body["access_token"]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "someone"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"scope": None}, 400, "invalid_scope"),
        ({"scope": " , "}, 400, "invalid_scope"),
    ],
)
def test_ims_refuses_with_a_flat_error(
    api: Api, changes: dict[str, str | None], status: int, error: str
) -> None:
    reply = ask_token(api, **changes)
    assert (reply.status, reply.body["error"]) == (status, error)
    assert reply.body["error_description"]


def test_the_jwt_exchange_is_gone(api: Api) -> None:
    reply = api.raw("POST", "/ims/exchange/jwt", headers=FORM, body=b"jwt_token=x")
    assert (reply.status, reply.body["error"]) == (400, "invalid_client")


def test_a_token_expires() -> None:
    api = make_api(token_ttl=60)
    api.token = ask_token(api).body["access_token"]
    assert api.get("/flows").status == 200
    api.clock.forward(seconds=61)
    assert api.get("/flows").body["error_code"] == "401013"


def test_nothing_is_checked_where_nothing_is_set() -> None:
    api = make_api(client_id=None, client_secret=None, org_id=None)
    reply = ask_token(api, client_id="any", client_secret="any")
    api.token = reply.body["access_token"]
    assert api.get("/flows", headers={"x-api-key": "k", "x-gw-ims-org-id": "o"}).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": None}, 403, "403010"),
        ({"authorization": "Bearer unknown"}, 401, "401013"),
        ({"authorization": "Basic test-token"}, 401, "401013"),
        ({"x-api-key": None}, 403, "403000"),
        ({"x-api-key": "someone"}, 403, "403003"),
        ({"x-gw-ims-org-id": None}, 400, "400003"),
        ({"x-gw-ims-org-id": "F" * 24 + "@AdobeOrg"}, 403, "403025"),
    ],
)
def test_the_gateway_names_what_is_wrong(
    api: Api, headers: dict[str, str | None], status: int, code: str
) -> None:
    reply = api.get("/flows", headers=headers)
    assert (reply.status, reply.body["error_code"]) == (status, code)
    assert set(reply.body) == {"error_code", "message"}


def test_the_gateway_code_may_be_a_number() -> None:
    api = make_api(variants=Variants(gateway_code="number"))
    assert api.get("/flows", headers={"authorization": None}).body["error_code"] == 403010


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-sandbox-name": "nowhere"}, 404, "FLOW-2100-404"),
        ({"x-sandbox-name": "*"}, 403, "FLOW-2111-403"),
        ({"x-sandbox-id": "1"}, 400, "FLOW-2110-400"),
    ],
)
def test_the_sandbox_has_to_be_one(api: Api, headers: dict[str, str | None], status: int, code: str) -> None:
    reply = api.get("/flows", headers=headers)
    assert (reply.status, reply.code) == (status, code)
    assert reply.body["status"] == status
    assert code in reply.body["report"]["detailed-message"]
    assert reply.body["report"]["registryRequestId"]


def test_without_a_sandbox_the_default_one_answers(api: Api) -> None:
    (flow,) = api.get("/flows", ("limit", "1"), headers={"x-sandbox-name": None}).body["items"]
    assert flow["sandboxName"] == "prod"


@pytest.mark.parametrize(
    "strict", [{"strict_sandbox_header": True}, {"variants": Variants(sandbox_header="required")}]
)
def test_or_is_required(strict: dict[str, Any]) -> None:
    reply = make_api(**strict).get("/flows", headers={"x-sandbox-name": None})
    assert (reply.status, reply.code) == (400, "FLOW-2105-400")


def test_sandboxes_are_apart(api: Api) -> None:
    flow = api.items("/flows", ("limit", "1"))[0]
    api.sandbox = "prod"
    reply = api.get(f"/flows/{flow['id']}")
    assert reply.status == 404
    assert reply.body["errorMessage"] == f"flows not found with id = [{flow['id']}]"


def test_unknown_paths_and_methods(api: Api) -> None:
    assert api.get("/nothing").status == 404
    assert api.call("DELETE", "/flowSpecs/x").status == 405
    assert api.call("PUT", "/flows").status == 405
    assert api.raw("GET", "/elsewhere").status == 404


def test_ids_are_one_segment_whatever_they_hold(api: Api) -> None:
    reply = api.raw("GET", f"{FLOW_SERVICE}/flows/..%2Fruns%2Fx")
    assert reply.body["errorMessage"] == "flows not found with id = [../runs/x]"


def test_trailing_slashes_do_not_matter(api: Api) -> None:
    flow = api.items("/flows/", ("limit", "1"))[0]
    assert api.one(f"/flows/{flow['id']}/")["id"] == flow["id"]


def test_every_answer_names_its_request(api: Api) -> None:
    first, second = api.get("/flows"), api.get("/flows")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_options_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        EmulatorOptions().seed = 8  # type: ignore[misc]
