"""What is in a snapshot, what never is, and what becomes of one that is interrupted, cut off or foreign."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from aep_flow_mcp import snapshot_command
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.snapshot_command import SnapshotFailed
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW, SANDBOX

CANARY = "canary-7f3a9"
KINDS = ("connections", "sourceConnections", "targetConnections", "flows", "runs", "dataSets", "schemas")


def take(path: Path, transport: Callable[[], Any], **options: Any) -> None:
    snapshot_command.take(emulator_settings(), path, transport=transport, now=NOW, **options)


def fresh() -> Emulator:
    return emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))


def text_of(path: Path) -> str:
    """Everything in the file, decompressed."""
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


class Watched(httpx.AsyncBaseTransport):
    """The emulator, with the methods that were used; it stops answering after some requests."""

    def __init__(self, emulator: Emulator, *, until: int = 10**9) -> None:
        self._inner = EmulatorTransport(emulator)
        self._until = until
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if len(self.sent) > self._until:
            raise KeyboardInterrupt
        return await self._inner.handle_async_request(request)


def test_objects_come_back_byte_by_byte(live: Emulator, taken: Path) -> None:
    opened = snapshot_command.stand_in(taken).emulated
    for kind in KINDS:
        before, after = live.store.snapshot(SANDBOX)[kind], opened.store.snapshot(SANDBOX)[kind]
        assert before.keys() == after.keys(), kind
        for id, row in before.items():
            expected = json.dumps(row)
            if kind == "connections" and "auth" in row:
                kept = {"specName": row["auth"]["specName"]} if "specName" in row["auth"] else {}
                expected = json.dumps(row | {"auth": kept | {"params": {}}})
            assert json.dumps(after[id]) == expected, (kind, id)


def test_only_gets_are_sent_and_nothing_is_explored(tmp_path: Path) -> None:
    watched = Watched(fresh())
    take(tmp_path / "s", lambda: watched, days=1)
    platform = [one for one in watched.sent if "/ims/" not in one.url.path]
    assert len(platform) > 10
    assert {one.method for one in platform} == {"GET"}
    assert [one for one in platform if one.url.path.endswith(("/explore", "/test", "/credentials"))] == []


def test_no_credential_and_no_record_is_in_it(tmp_path: Path) -> None:
    emulator = fresh()
    for number, row in enumerate(emulator.store.all(SANDBOX, "connections")):
        params = row.setdefault("auth", {}).setdefault("params", {})
        for name in [*params, "password", "clientId", "anything"]:
            params[name] = f"{CANARY}-{number}-{name}"
        row["auth"]["token"] = f"{CANARY}-{number}-token"
        row["params"] = {"accessKey": f"{CANARY}-key", "headers": {"X-Api-Key": f"{CANARY}-header"}}
        emulator.store.put(SANDBOX, "connections", row)
    for row in emulator.store.all(SANDBOX, "sourceConnections")[:5]:
        row["params"] = {**row.get("params", {}), "clientSecret": f"{CANARY}-source"}
        emulator.store.put(SANDBOX, "sourceConnections", row)
    run = emulator.store.all(SANDBOX, "runs")[-1]
    said = {
        "code": "X-1-400",
        "message": f"login failed: password={CANARY}-run; Authorization: Bearer {CANARY}-b",
    }
    run["metrics"]["statusSummary"]["errors"] = [said]
    emulator.store.put(SANDBOX, "runs", run)
    for tree in emulator.store.sandboxes[SANDBOX].files.values():
        for node in tree.values():
            for line in node.get("rows") or []:
                line.update(dict.fromkeys(line, f"{CANARY}-record"))
    take(tmp_path / "s", lambda: EmulatorTransport(emulator), days=60)
    held = text_of(tmp_path / "s")
    assert "login failed" in held
    assert CANARY not in held


@pytest.mark.parametrize("until", [3, 25])
def test_an_interrupted_one_goes_on_and_gives_the_same_file(tmp_path: Path, until: int) -> None:
    emulator = fresh()
    take(tmp_path / "whole", lambda: EmulatorTransport(emulator), days=6)
    path = tmp_path / "again"
    first = Watched(emulator, until=until)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - however the process is ended
        take(path, lambda: first, days=6)
    assert not path.exists()
    second = Watched(emulator)
    take(path, lambda: second, days=6)
    assert path.read_bytes() == (tmp_path / "whole").read_bytes()
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    emulator = fresh()
    first, second = Watched(emulator, until=60), Watched(emulator)
    with pytest.raises(BaseException):  # noqa: B017, PT011
        take(tmp_path / "s", lambda: first, days=6)
    take(tmp_path / "s", lambda: second, days=6)
    assert [one for one in second.sent if one.url.path.endswith(("/connections", "/flows"))] == []


def test_one_that_was_ended_while_it_tidied_up_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is there, the folder still is: a later snapshot is of the sandbox as it is then."""
    emulator, path = fresh(), tmp_path / "s"

    def ended(folder: Path) -> None:
        raise KeyboardInterrupt(folder)

    with monkeypatch.context() as patched:
        patched.setattr("aep_flow_mcp.snapshots.workplace.shutil.rmtree", ended)
        with pytest.raises(KeyboardInterrupt):
            take(path, lambda: EmulatorTransport(emulator), days=1)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".s.part", "s"]
    row = emulator.store.all(SANDBOX, "flows")[0]
    emulator.store.put(SANDBOX, "flows", {**row, "name": "Named since"})
    take(path, lambda: EmulatorTransport(emulator), days=1, force=True)
    assert "Named since" in text_of(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


ODD: list[dict[str, Any]] = [
    {
        "flowSpec": "9753525b-82c7-4dce-8a9b-5ccfce2b9876",
        "scheduleParams": {"startTime": "1772441877", "interval": "15"},
    },
    {"flowSpec": None, "scheduleParams": None, "transformations": None, "sourceConnectionIds": None},
    {
        "flowSpec": {"id": None},
        "transformations": {"name": "Copy"},
        "lastRunDetails": [],
        "x": [[], {}, [None, 1.0, True]],
    },
    {
        "name": 17,
        "updatedAt": "1772441877000",
        "createdAt": None,
        "z": {"": "", "ü": "🎁", "n": 12345678901234567890},
    },
    {"name": "of 0b6f5f10-3c5e-4b6e-9a35-6d0ce5ad3f61 and 007", "array": ["array", ["same", 1], ["text", 2]]},
]


def test_odd_shapes_come_back_as_they_are(tmp_path: Path) -> None:
    emulator = fresh()
    for number, odd in enumerate(ODD):
        emulator.store.put(SANDBOX, "flows", {"id": f"odd-{number}", "state": "enabled", **odd})
        emulator.store.put(
            SANDBOX, "targetConnections", {"id": f"odd-{number}", "connectionSpec": "a", "params": odd}
        )
    take(tmp_path / "s", lambda: EmulatorTransport(emulator), days=1)
    rows = snapshot_command.stand_in(tmp_path / "s").emulated.store
    for kind in ("flows", "targetConnections"):
        for number in range(len(ODD)):
            held = emulator.store.get(SANDBOX, kind, f"odd-{number}")
            assert json.dumps(rows.get(SANDBOX, kind, f"odd-{number}")) == json.dumps(held)


def test_pseudonyms_replace_names_and_keep_ids(tmp_path: Path, live: Emulator) -> None:
    path = tmp_path / "s"
    take(path, lambda: EmulatorTransport(live), days=2, pseudonyms=True)
    held = text_of(path)
    flows = live.store.all(SANDBOX, "flows")
    assert [flow["name"] for flow in flows if flow["name"] in held] == []
    assert [flow["id"] for flow in flows if flow["id"] not in held] == []
    people = {row["createdBy"] for row in flows}
    assert [who for who in people if who in held] == []
    assert "price-list" not in held
    copy = snapshot_command.stand_in(path)
    named: dict[str, set[str]] = {}
    for flow in copy.emulated.store.all(copy.sandbox, "flows"):
        named.setdefault(next(one["name"] for one in flows if one["id"] == flow["id"]), set()).add(
            flow["name"]
        )
    assert {len(pseudonyms) for pseudonyms in named.values()} == {1}
    take(tmp_path / "other", lambda: EmulatorTransport(live), days=2, pseudonyms=True)
    again = snapshot_command.stand_in(tmp_path / "other")
    assert again.emulated.store.all(again.sandbox, "flows")[0]["name"] not in held, "the salt is another one"


def test_the_file_is_for_its_owner_and_is_not_overwritten(tmp_path: Path, live: Emulator) -> None:
    path = tmp_path / "s"
    path.write_text("something else")
    with pytest.raises(SnapshotFailed, match="--force"):
        take(path, lambda: EmulatorTransport(live), days=1)
    assert path.read_text() == "something else"
    take(path, lambda: EmulatorTransport(live), days=1, force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["missing", "text", "half", "zip", "later"])
def test_what_is_no_snapshot_is_one_sentence(tmp_path: Path, taken: Path, damage: str) -> None:
    path = tmp_path / "given"
    if damage == "text":
        path.write_text("PK, but not really")
    elif damage == "half":
        path.write_bytes(taken.read_bytes()[: taken.stat().st_size // 2])
    elif damage in ("zip", "later"):
        with zipfile.ZipFile(path, "w") as archive:
            held = (
                {"format": "aep-flow-mcp snapshot", "version": 99, "kinds": {}} if damage == "later" else []
            )
            archive.writestr("manifest.json", json.dumps(held))
    with pytest.raises(SnapshotFailed) as raised:
        snapshot_command.stand_in(path)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).count(".") <= str(path).count(".") + 1
