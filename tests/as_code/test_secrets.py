"""No secret in any file, plan, question, answer, line of the log at DEBUG or line of the audit log: canaries in every
credential field, all outputs searched."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.app import App
from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.logs import configure_logging
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from as_code.bed import Answers, Bed, contents, organisation
from as_code.test_apply import MAKES
from support.echoing import forms, telling

CANARY = "canary-4b1f9e27d0"
REFUNDS = "zq/Canary+of the=refunds&number\\one"
"""The value of a secret that a document refers to."""


class Overheard(Bed):
    """A bed whose log at DEBUG and audit log are kept, the first as the commands write it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.audit = folder.parent / "audit.jsonl"
        super().__init__(folder, organisation(), mcp_audit_log=self.audit, mcp_log_level="DEBUG", **settings)
        self.environ |= {"AEP_SECRET_REFUNDS": REFUNDS, "AEP_SECRET_REFUNDS_ID": "AKIAREFUNDS"}
        self.log = io.StringIO()

    @contextmanager
    def _app(self) -> Iterator[App]:
        with super()._app() as app:
            root = logging.getLogger()
            held, level = root.handlers[:], root.level
            configure_logging(self.settings.mcp_log_level, app.redactor)
            [handler] = root.handlers
            assert isinstance(handler, logging.StreamHandler)
            handler.setStream(self.log)
            try:
                yield app
            finally:
                root.handlers[:] = held
                root.setLevel(level)

    def heard(self) -> dict[str, str]:
        """Every line of the two logs, and every file."""
        lines = self.audit.read_text("utf-8") if self.audit.exists() else ""
        return {"log": self.log.getvalue(), "audit": lines, **contents(self.folder)}


def everything(bed: Overheard) -> list[str]:
    """What export, each form of plan, drift and apply say, and what a person is asked."""
    said = [bed.export()[1]]
    for file, old, new in (
        ("web-orders.yaml", "every: hour", "every: 2 hours"),
        ("store-pos-receipts.yaml", "path: /pos/receipts/", "path: /pos/receipts/v2/"),
    ):
        if (bed.folder / file).exists():
            bed.edit(file, old, new)
    bed.write("till-refunds.yaml", MAKES)
    answers = Answers()
    said += [bed.plan(form)[1] for form in ("text", "json", "markdown")]
    said += [bed.drift()[1], bed.apply(answers)[1], *answers.questions]
    said += [bed.drift()[1], bed.plan()[1], bed.export()[1]]
    return said


def test_canaries_in_every_credential_field_stay_where_they_are(tmp_path: Path) -> None:
    """In each account, and in the parameters of sources and targets by the names and looks that credentials have."""
    bed = Overheard(tmp_path / "pipelines")
    store = bed.emulator.store.sandboxes["dev"]
    sown = _sow_accounts(bed) + _sow_ends(bed)
    assert sown > 60
    said = everything(bed)
    assert any("/pos/receipts/v2/" in one for one in said)
    heard = bed.heard()
    assert len(heard) > 35
    assert len(heard["log"].splitlines()) > 100
    assert '"event": "approved"' in heard["audit"].replace('":"', '": "')
    for name, text in [*heard.items(), *enumerate(said)]:
        for secret in (CANARY, REFUNDS, "emulator-secret"):
            assert secret not in text, name
    # What no document says is not taken away either.
    changed = bed.flow("Store POS receipts")
    source = store["sourceConnections"].get(changed["sourceConnectionIds"][0])
    assert source is not None
    assert source["params"]["path"] == "/pos/receipts/v2/"
    assert source["params"]["password"] == f"{CANARY}-p"
    [made] = [row for row in store["connections"] if row["name"] == "Refund bucket"]
    assert made["auth"]["params"]["s3SecretKey"] == REFUNDS


@pytest.mark.parametrize("status", [400, 500])
def test_a_refused_write_that_quotes_its_secrets(tmp_path: Path, status: int) -> None:
    bed = Overheard(tmp_path / "pipelines")
    bed.write("till-refunds.yaml", MAKES)
    rule = FaultRule(
        route=r"^POST .*/connections$", kind="status", status=status, body={"message": f"bad {REFUNDS}"}
    )
    bed.emulator.faults.add(rule)
    answers = Answers()
    code, said = bed.apply(answers)
    assert (code, "bad" in said) == (1, True), said
    for name, text in [*bed.heard().items(), ("said", said), *enumerate(answers.questions)]:
        for form in forms(REFUNDS).values():
            assert telling(form) not in text, name


def test_the_commands_log_as_the_server_does(tmp_path: Path) -> None:
    """One JSON object a line, redacted, from the level that is set; as a process, for nothing may be set up before."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    done = subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", "export", str(tmp_path / "pipelines"), "--emulator"],
        env={**inherited, "AEP_MCP_LOG_LEVEL": "DEBUG"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert "info" in {line["level"] for line in lines}, "the default level is higher"
    assert "emulator-secret" not in done.stderr


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
