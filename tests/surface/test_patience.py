"""No call is silent for long: on a clock that jumps, so that no test waits and none can be late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, ResourceTemplateReference, TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Scale
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.platform.waiting.patience import PATIENCE
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface.snapshot import load_cards
from support.instant import in_no_time
from support.organisation import emulator_on_shared_seed
from support.slow import Odd, SlowTransport, busy, silent, trickling
from tools.bed import NOW, SANDBOX
from tools.plausible import arguments_for
from tools.writing import World

FLOW = SCENARIOS["healthy"]
READS = [card["name"] for card in load_cards() if not card["writes"]]


@dataclass
class Heard:
    """One answer: after how many seconds, and what was told until then, at which second."""

    text: str
    structured: dict[str, Any]
    is_error: bool
    after: float
    progress: list[tuple[float, float, str | None]]
    sent: list[str]
    emulator: Emulator


def ask(
    tool: str,
    arguments: dict[str, Any],
    odd: Odd = silent,
    matches: str = "^GET ",
    *,
    era: str = "legacy",
    listens: bool = False,
    latency: float = 0.0,
    person: Callable[..., Any] | None = None,
    emulator: Emulator | None = None,
    approval: ApprovalMode = ApprovalMode.ASK,
) -> Heard:
    """Call a tool while what `matches` is answered oddly. The older protocol says whether a client listens."""

    async def main() -> Heard:
        chosen = emulator or emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
        transport = SlowTransport(chosen, odd, matches, latency)
        server = build_server(
            emulator_settings(mcp_approval=approval), transport=lambda: transport, emulated=True
        )
        loop = asyncio.get_running_loop()
        told: list[tuple[float, float, str | None]] = []
        async with Client(server, mode=era, elicitation_callback=person) as client:
            began = loop.time()

            async def listen(progress: float, total: float | None, message: str | None) -> None:
                del total
                told.append((loop.time() - began, progress, message))

            result = await client.call_tool(tool, arguments, progress_callback=listen if listens else None)
            after = loop.time() - began
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        return Heard(
            text, result.structured_content or {}, bool(result.is_error), after, told, transport.sent, chosen
        )

    return in_no_time(main)


@pytest.mark.parametrize("era", ["legacy", "auto"])
@pytest.mark.parametrize("odd", [silent, trickling])
def test_a_platform_that_hangs(odd: Odd, era: str) -> None:
    heard = ask("list_flows", {}, odd, era=era)
    assert heard.is_error
    assert heard.after <= PATIENCE
    assert "list_flows: GET /data/foundation/flowservice/flows failed: no complete answer" in heard.text
    assert "try again" in heard.text


@pytest.mark.parametrize("tool", READS)
def test_every_tool_ends_on_a_platform_that_hangs(tool: str) -> None:
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    heard = ask(
        tool, arguments_for(tool, World(emulator, NOW)), emulator=emulator, matches="^(GET|POST) /data"
    )
    assert heard.after <= PATIENCE
    assert heard.text


def test_a_service_that_asks_for_five_minutes_is_not_waited_for() -> None:
    heard = ask("list_flows", {}, busy, "GET .*/flows[?]")
    assert heard.after == 0
    assert "asks to wait 300 seconds" in heard.text
    assert len([line for line in heard.sent if "/flows?" in line]) == 1


def test_a_token_service_that_hangs() -> None:
    heard = ask("list_flows", {}, silent, "^POST /ims")
    assert heard.after <= PATIENCE
    assert "no token from IMS" in heard.text
    assert "AEP_IMS_URL" in heard.text
    assert heard.sent == ["POST /ims/token/v3"]


def test_progress_from_the_second_second_on_whatever_the_tool() -> None:
    heard = ask("get_flow", {"flow_id": FLOW}, silent, listens=True)
    moments = [at for at, _, _ in heard.progress]
    values = [value for _, value, _ in heard.progress]
    assert moments[0] <= 2
    assert all(later - earlier <= 2 for earlier, later in pairwise(moments))
    assert heard.after - moments[-1] <= 2
    assert values == sorted(set(values))
    assert all(message and "waiting for Adobe" in message for _, _, message in heard.progress)


def test_a_part_that_hangs_is_said_to_be_missing() -> None:
    heard = ask("describe_flow", {"flow_id": FLOW}, silent, "GET .*/dataSets")
    assert not heard.is_error
    assert heard.after <= PATIENCE
    assert "unavailable" in heard.text
    assert heard.structured["name"]


def _many() -> Emulator:
    return Emulator(EmulatorOptions(clock=lambda: NOW, scale=Scale(300, 6_000)))


def test_what_was_read_of_many_runs_is_answered() -> None:
    emulator = _many()
    inner = EmulatorTransport(emulator)
    pages = 0

    async def silent_after_three(request: httpx.Request) -> httpx.Response:
        nonlocal pages
        pages += 1
        return await (inner.handle_async_request(request) if pages <= 3 else silent(request))

    heard = ask(
        "pipeline_health",
        {"window": "2026-02-20T00:00:00Z/2026-03-02T09:00:00Z"},
        silent_after_three,
        "GET .*/runs.*orderby",
        emulator=emulator,
    )
    assert not heard.is_error, heard.text
    assert heard.after <= PATIENCE
    assert heard.structured["complete"] is False
    assert 0 < heard.structured["total"]["runs"] + heard.structured["before"]["runs"] <= 300
    assert "runs were read" in heard.text


def test_what_was_read_of_many_flows_is_searched_and_not_kept() -> None:
    async def main() -> list[dict[str, Any]]:
        transport = SlowTransport(_many(), silent, "GET .*/flows.*continuationToken")
        server = build_server(emulator_settings(), transport=lambda: transport, emulated=True)
        answers = []
        async with Client(server) as client:
            for matches in (transport.matches, "^never$"):
                transport.matches = matches
                answers.append((await client.call_tool("find_flows", {})).structured_content or {})
        return answers

    part, whole = in_no_time(main)
    assert 0 < part["of"] < whole["of"]
    assert "a part of the flows" in part["note"]
    assert "note" not in whole


def test_a_client_that_listens_is_given_longer_as_long_as_answers_come_in() -> None:
    heard = ask("describe_flow", {"flow_id": FLOW}, latency=18, matches="^never$", listens=True)
    assert not heard.is_error, heard.text
    assert heard.after > PATIENCE
    assert "unavailable" not in heard.text
    deaf = ask("describe_flow", {"flow_id": FLOW}, latency=18, matches="^never$")
    assert deaf.after <= PATIENCE


def test_moving_for_ever_ends_as_well() -> None:
    """A list that grows as fast as it is read."""
    count = 0

    async def endless(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        link = {"next": {"href": f"/flows?continuationToken={count}"}}
        return httpx.Response(200, json={"items": [{"id": f"f{count}"}], "_links": link}, request=request)

    heard = ask(
        "delete_connection",
        {"connection_id": SCENARIOS["unused_account"]},
        endless,
        r"GET .*/flows(\?|$)",
        latency=9,
        listens=True,
    )
    assert heard.is_error
    assert heard.after < 700
    assert "did not end in time" in heard.text or "no complete answer" in heard.text
    assert "Nothing was sent" in heard.text


# --- writes -----------------------------------------------------------------------------------------------


def slow_to_write(seconds: float, emulator: Emulator) -> Odd:
    """Carries out the write, and answers after so long."""
    inner = EmulatorTransport(emulator)

    async def answer(request: httpx.Request) -> httpx.Response:
        response = await inner.handle_async_request(request)
        await anyio.sleep(seconds)
        return response

    return answer


DISABLE = {"flow_id": FLOW, "action": "disable"}


def written(*, reads: float, write: float, listens: bool = False) -> Heard:
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    odd = slow_to_write(write, emulator)
    return ask(
        "run_flow_action",
        DISABLE,
        odd,
        "POST .*/action",
        latency=reads,
        listens=listens,
        emulator=emulator,
        approval=ApprovalMode.NONE,
    )


def state_of(heard: Heard) -> str:
    flow = heard.emulator.store.get(SANDBOX, "flows", FLOW)
    assert flow is not None
    return str(flow["state"])


def test_a_write_that_is_under_way_at_the_deadline_is_finished_and_told() -> None:
    heard = written(reads=7, write=17.5)
    assert heard.after > PATIENCE
    assert heard.structured["status"] == "done", heard.text
    assert state_of(heard) == "disabled"


def test_a_write_that_hangs_is_looked_for_and_sent_once() -> None:
    heard = written(reads=0, write=1_000)
    assert heard.after <= PATIENCE
    assert len([line for line in heard.sent if "/action" in line]) == 1
    assert heard.structured["status"] == "done", heard.text
    assert "Looking" in heard.text


def test_a_write_whose_outcome_never_shows_is_unknown_in_time() -> None:
    heard = ask("run_flow_action", DISABLE, silent, "POST .*/action", approval=ApprovalMode.NONE)
    assert heard.after <= PATIENCE
    assert heard.structured["status"] == "unknown", heard.text
    assert len([line for line in heard.sent if "/action" in line]) == 1
    assert state_of(heard) == "enabled"


def test_a_write_is_not_begun_when_nobody_would_wait_for_its_end() -> None:
    heard = written(reads=12, write=1)
    assert heard.is_error
    assert heard.after <= PATIENCE
    assert "nothing was sent" in heard.text.casefold()
    assert not any("/action" in line for line in heard.sent)
    assert written(reads=12, write=1, listens=True).structured["status"] == "done"


def test_while_a_person_thinks_no_time_counts_and_progress_goes_on() -> None:
    async def person(*_: Any) -> ElicitResult:
        await anyio.sleep(300)
        return ElicitResult(action="accept", content={"approve": True})

    heard = ask("run_flow_action", DISABLE, matches="^never$", person=person, listens=True)
    assert heard.after >= 299.99, "a clock that is moved on in many steps adds up to a little less"
    assert heard.structured["status"] == "done"
    assert len(heard.progress) > 250
    assert heard.progress[5][2] == "waiting for a person to decide"


# --- resources and completions ----------------------------------------------------------------------------


def test_resources_and_completions_end() -> None:
    async def main() -> None:
        emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
        server = build_server(
            emulator_settings(), transport=lambda: SlowTransport(emulator, silent), emulated=True
        )
        loop = asyncio.get_running_loop()
        async with Client(server) as client:
            for uri in ("aep://flows", "aep://connection-specs", f"aep://flows/{FLOW}"):
                began = loop.time()
                with pytest.raises(MCPError, match="no complete answer"):
                    await client.read_resource(uri)
                assert loop.time() - began <= PATIENCE
            began = loop.time()
            reference = ResourceTemplateReference(uri="aep://flows/{id}")
            found = await client.complete(reference, {"name": "id", "value": "l"})
            assert found.completion.values == []
            assert loop.time() - began <= 10

    in_no_time(main)
