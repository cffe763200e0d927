"""Hundreds of writes while a quarter of the requests meet a fault: nothing twice, nothing lost, nothing untrue."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from tools.conftest import NOW
from tools.writing import World

WRITES = 600
SHARE = 0.25
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost_answer"},
    {"kind": "truncated"},
    {"kind": "drop"},
    {"kind": "timeout", "seconds": 0.001},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": 0},
)


async def _no_sleep(_seconds: float) -> None:
    return None


@dataclass
class Ledger:
    """What the results said, held against what the emulator keeps."""

    emulator: Emulator
    rng: random.Random = field(default_factory=lambda: random.Random(5))
    statuses: Counter[str] = field(default_factory=Counter)
    created: list[str] = field(default_factory=list)

    def named(self, kind: str, name: str) -> list[dict[str, Any]]:
        return [item for item in self.emulator.store.all("dev", kind) if item.get("name") == name]

    def flow(self, flow_id: str) -> dict[str, Any]:
        found = self.emulator.store.get("dev", "flows", flow_id)
        assert found is not None
        return found

    async def create(self, client: Client, number: int) -> None:
        name = f"written-{number}"
        status = await self._call(client, "create_base_connection_landing_zone", name=name)
        there = self.named("connections", name)
        assert len(there) == {"done": 1, "failed": 0}.get(status, len(there)), (status, there)
        assert len(there) <= 1
        self.created += [item["id"] for item in there]

    async def update(self, client: Client, number: int) -> None:
        flow_id, text = SCENARIOS["healthy"], f"edited-{number}"
        operations = [{"op": "add", "path": "/description", "value": text}]
        status = await self._call(client, "update_flow", flow_id=flow_id, operations=operations)
        applied = self.flow(flow_id).get("description") == text
        assert applied is {"done": True, "failed": False}.get(status, applied), status

    async def switch(self, client: Client, number: int) -> None:
        del number
        flow_id = SCENARIOS["healthy"]
        before = self.flow(flow_id)["state"]
        action = "disable" if before == "enabled" else "enable"
        status = await self._call(client, "run_flow_action", flow_id=flow_id, action=action)
        switched = self.flow(flow_id)["state"] != before
        assert switched is {"done": True, "failed": False}.get(status, switched), status

    async def delete(self, client: Client, number: int) -> None:
        if not self.created:
            return await self.create(client, number)
        connection_id = self.created.pop(self.rng.randrange(len(self.created)))
        status = await self._call(client, "delete_connection", connection_id=connection_id)
        there = self.emulator.store.get("dev", "connections", connection_id) is not None
        assert there is {"done": False, "failed": True}.get(status, there), status
        if there:
            self.created.append(connection_id)
        return None

    async def export(self, client: Client, number: int) -> None:
        name = f"export-{number}"
        result = await client.call_tool(
            "export_dataset_to_landing_zone",
            {
                "name": name,
                "dataset_ids": [SCENARIOS["dataset_fed_by_several"]],
                "path": "out",
                "start_time": World(self.emulator, NOW).soon,
            },
        )
        status = self._note(result)
        kinds = {
            "connections": "account",
            "sourceConnections": "source",
            "targetConnections": "target",
            "flows": "",
        }
        there = [item for kind, end in kinds.items() for item in self.named(kind, f"{name} {end}".strip())]
        if status == "done":
            assert len(there) == 4
        elif status == "failed":
            assert there == []
        elif there:
            said = str(result.structured_content)
            assert all(item["id"] in said or item["name"] in said for item in there), said

    async def _call(self, client: Client, tool: str, **arguments: Any) -> str:
        return self._note(await client.call_tool(tool, arguments))

    def _note(self, result: Any) -> str:
        content = result.structured_content
        if content is None:
            # Planning met a fault: that is an error, and nothing was sent.
            assert result.is_error
            self.statuses["not planned"] += 1
            return "failed"
        self.statuses[content["status"]] += 1
        status: str = content["status"]
        return status if status != "refused" else "failed"


async def test_hundreds_of_writes() -> None:
    settings = emulator_settings(mcp_approval=ApprovalMode.NONE)
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    platform = PlatformClient(
        platform_config(settings), transport=EmulatorTransport(emulator), sleep=_no_sleep
    )
    guard = Guard(settings, platform, sleep=_no_sleep)
    server = build_server(settings, client=platform, guard=guard, emulated=True)
    ledger = Ledger(emulator)
    kinds = [ledger.create, ledger.create, ledger.update, ledger.switch, ledger.delete, ledger.export]
    async with Client(server) as client:
        for fault in FAULTS:
            rule = FaultRule(
                route=r"^(POST|PATCH|DELETE) /data/", probability=SHARE / len(FAULTS), times=None, **fault
            )
            emulator.faults.add(rule)
        for number in range(WRITES):
            write = ledger.rng.choices(kinds, weights=[4, 2, 5, 5, 4, 1])[0]
            await write(client, number)
            if number % 100 == 99:
                emulator.journal.clear()
    assert len(emulator.faults.hits) > WRITES * SHARE * 0.7
    assert ledger.statuses["done"] > WRITES * 0.6
    names = Counter(item["name"] for item in ledger.emulator.store.all("dev", "connections"))
    assert all(count == 1 for name, count in names.items() if name.startswith(("written-", "export-")))
