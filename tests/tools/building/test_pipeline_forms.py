"""What create_pipeline lacks is asked for in forms, where somebody can be asked; a no creates nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult

from tools.pipeline_recipes import S3, START
from tools.pipeline_talks import REFERENCE, settle, stage

pytestmark = pytest.mark.usefixtures("standing_clock")


@dataclass
class Filler:
    """A person who fills in forms with what is said, or with the first choice; refuses at a field or at approval."""

    says: dict[str, Any]
    refuses: str | None = None
    how: str = "decline"
    forms: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        assert isinstance(params, ElicitRequestFormParams)
        asked = params.requested_schema["properties"]
        self.forms.append(asked)
        if self.refuses in asked:
            return ElicitResult(action="decline" if self.how == "decline" else "cancel")
        content: dict[str, Any] = {name: self._answer(name, schema) for name, schema in asked.items()}
        return ElicitResult(action="accept", content=content)

    def _answer(self, name: str, schema: dict[str, Any]) -> Any:
        if name == "approve":
            return True
        said = self.says.get(name)
        if "enum" in schema:
            return next(choice for choice in schema["enum"] if said is None or said in choice)
        return schema.get("default") if said is None else said


LOYALTY = {
    "name": "Loyalty asked",
    "account": "ingest",
    "path": "/loyalty/members/",
    "datasets": "Loyalty Members",
    "every": "1 day",
    "start_time": START,
}


async def test_what_is_missing_is_asked_for_in_forms(era: str) -> None:
    filler = Filler(LOYALTY)
    async with stage(era, elicitation=filler) as on:
        before = on.kept()
        answer = await on.answer("create_pipeline", connector="s3")
        assert answer["status"] == "done"
        made = on.created(before)
        assert made["sourceConnections"][0]["params"]["path"] == "/loyalty/members/"
        assert {row["destination"] for row in made["mappingSets"][0]["mappings"]} >= {"loyalty.points"}
    first, second, approval = filler.forms
    assert set(first) == {"name", "account", "path", "datasets", "every", "start_time"}
    assert set(second) == {"fields"}
    assert "points -> loyalty.points" in second["fields"]["default"]
    assert set(approval) == {"approve"}


@pytest.mark.parametrize(
    ("refuses", "how", "status"),
    [
        ("account", "cancel", "cancelled"),
        ("fields", "decline", "declined"),
        ("approve", "decline", "declined"),
    ],
)
async def test_no_to_any_question_creates_nothing(era: str, refuses: str, how: str, status: str) -> None:
    filler = Filler(LOYALTY, refuses=refuses, how=how)
    async with stage(era, elicitation=filler) as on:
        answer = await on.answer("create_pipeline", connector="s3")
        assert answer["status"] == status
        assert on.emulator.journal.writes() == []
        if refuses != "approve":
            assert refuses in answer["message"]
        filler.refuses = None
        assert (await on.answer("create_pipeline", connector="s3"))["status"] == "done"


async def test_a_secret_is_never_asked_for(era: str) -> None:
    filler = Filler(LOYALTY)
    async with stage(era, elicitation=filler) as on:
        said = await on.refusal("create_pipeline", connector="s3", auth_params={"s3AccessKey": REFERENCE})
        assert "${AEP_SECRET_NAME}" in said
        assert "auth_params.s3SecretKey" in said
        assert filler.forms == []
        assert on.emulator.journal.writes() == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("path", "/nowhere/", "there is no /nowhere/"), ("fields", "points loyalty.points", "column -> field")],
)
async def test_an_answer_that_is_wrong_is_told_with_what_was_answered(
    era: str, name: str, value: str, words: str
) -> None:
    filler = Filler({**LOYALTY, name: value})
    async with stage(era, elicitation=filler) as on:
        said = await on.refusal("create_pipeline", connector="s3")
        assert words in said
        assert "name=Loyalty asked" in said
        assert on.emulator.journal.writes() == []


async def test_where_nobody_can_be_asked_everything_that_is_missing_is_listed(era: str) -> None:
    async with stage(era, mcp_approval="ask") as on:
        said = await on.refusal("create_pipeline", connector="s3", delta_column="at")
        for word in ("account", "path", "datasets", "name", "delta_column: must be left out"):
            assert word in said
        assert on.emulator.journal.writes() == []


async def test_a_second_call_confirms(era: str) -> None:
    async with stage(era, mcp_approval="two-step", elicitation=Filler({})) as on:
        said, plan = await settle(on, S3.person)
        first = await on.answer("create_pipeline", **said)
        assert first["status"] == "needs_confirmation"
        # What else loads is looked for by create_pipeline alone.
        lines = [line for line in first["preview"].split("\n") if not line.startswith("! Loads a path above")]
        assert [line for line in lines if not line.startswith("Change ")] == [
            line for line in plan["preview"].split("\n") if not line.startswith("Change ")
        ]
        done = await on.answer("confirm_change", confirmation_id=first["confirmation_id"])
        assert done["status"] == "done"
        assert done["data"]["first_run"] == f"not yet, due {START}"
        missing = await on.refusal("create_pipeline", connector="s3")
        assert "Missing" in missing


async def test_production_is_refused_before_anybody_is_asked() -> None:
    filler = Filler(LOYALTY)
    async with stage("2026-07-28", elicitation=filler, sandbox="prod") as on:
        said = await on.refusal("create_pipeline", connector="s3")
        assert "AEP_MCP_ALLOW_PRODUCTION_WRITES" in said
        assert filler.forms == []
