"""No secret in any file, plan, question or answer: canaries in every credential field, all outputs searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aep_flow_mcp.platform.models.specs import ConnectionSpec
from as_code.bed import Answers, Bed, contents, organisation

CANARY = "canary-4b1f9e27d0"


def test_canaries_in_every_credential_field_stay_where_they_are(tmp_path: Path) -> None:
    """In each account, and in the parameters of sources and targets by the names and looks that credentials have."""
    bed = Bed(tmp_path / "pipelines", organisation())
    store = bed.emulator.store.sandboxes["dev"]
    sown = _sow_accounts(bed) + _sow_ends(bed)
    assert sown > 60
    outputs = [bed.export()[1]]
    files = contents(bed.folder)
    assert len(files) > 35
    bed.edit("web-orders.yaml", "every: hour", "every: 2 hours")
    bed.edit("store-pos-receipts.yaml", "path: /pos/receipts/", "path: /pos/receipts/v2/")
    answers = Answers()
    outputs += [bed.plan(form)[1] for form in ("text", "json", "markdown")]
    outputs += [bed.drift()[1], bed.apply(answers)[1], *answers.questions]
    assert any("/pos/receipts/v2/" in one for one in outputs)
    for name, text in (*files.items(), *contents(bed.folder).items()):
        assert CANARY not in text, name
    for output in outputs:
        assert CANARY not in output
    # What no document says is not taken away either.
    changed = bed.flow("Store POS receipts")
    source = store["sourceConnections"].get(changed["sourceConnectionIds"][0])
    assert source is not None
    assert source["params"]["path"] == "/pos/receipts/v2/"
    assert source["params"]["password"] == f"{CANARY}-p"


def _sow_accounts(bed: Bed) -> int:
    store, sown = bed.emulator.store.sandboxes["dev"], 0
    specs = {
        row["id"]: ConnectionSpec.model_validate(row) for row in bed.emulator.backend.specs("connectionSpecs")
    }
    for row in list(store["connections"]):
        auth = row.get("auth") or {}
        params: dict[str, Any] = dict(auth.get("params") or {})
        names = {
            *params,
            *(name for way in specs[row["connectionSpec"]["id"]].auth_specs for name in way.properties),
        }
        for name in names:
            params[name] = f"{CANARY}-{name}"
            sown += 1
        store["connections"].put(row["id"], {**row, "auth": {**auth, "params": params}})
    return sown


def _sow_ends(bed: Bed) -> int:
    store, sown = bed.emulator.store.sandboxes["dev"], 0
    hidden = {
        "password": f"{CANARY}-p",
        "apiKey": f"{CANARY}-k",
        "headers": {"Authorization": f"Bearer {CANARY}-h", "x-api-key": f"{CANARY}-x"},
        "endpoint": f"https://user:{CANARY}-u@api.example/v1?sig={CANARY}-s&access_token={CANARY}-t",
        "list": [{"name": "clientSecret", "value": f"{CANARY}-v"}],
    }
    for kind in ("sourceConnections", "targetConnections"):
        for row in list(store[kind]):
            store[kind].put(row["id"], {**row, "params": {**(row.get("params") or {}), **hidden}})
            sown += len(hidden)
    return sown
