"""From a snapshot to an emulator that answers as the sandbox did when it was taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..app import Emulator
from ..json_types import JsonObject
from ..state.content import Sandboxes, SandboxSeed, Seed
from ..state.options import EmulatorOptions
from .archive import Archive, NoSnapshot, SnapshotRows

__all__ = ["NoSnapshot", "Opened", "open_snapshot"]


@dataclass(frozen=True)
class Opened:
    """An emulator on a snapshot, what answers from it are in words, and the name of its sandbox."""

    emulator: Emulator
    words: str
    sandbox: str


def open_snapshot(
    path: Path, options: EmulatorOptions | None = None, clock: Callable[[], datetime] | None = None
) -> Opened:
    """An emulator on a snapshot. Its clock stands at the snapshot's time unless another one is given; whoever
    calls is accepted.

    Raises:
        NoSnapshot: the file is not there, cut off, or something else.
    """
    archive = Archive(path)
    taken = taken_at(archive)
    chosen = replace(
        options or EmulatorOptions(),
        clock=clock or (lambda: taken),
        client_id=None,
        client_secret=None,
        org_id=None,
    )
    return Opened(Emulator(chosen, seed_data=seed_of(archive)), words(archive), sandbox_of(archive)["name"])


def taken_at(archive: Archive) -> datetime:
    """When it was taken, in UTC. Raises NoSnapshot when it does not say."""
    try:
        return datetime.fromisoformat(archive.manifest["taken_at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        raise NoSnapshot(f"{archive.path} does not say when it was taken.") from None


def words(archive: Archive) -> str:
    """What answers from it are, in words."""
    moment = taken_at(archive).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"snapshot of {sandbox_of(archive)['name']} taken at {moment}, nothing reaches Adobe"


def sandbox_of(archive: Archive) -> JsonObject:
    """The sandbox as the Sandbox API had it. Raises NoSnapshot without a name."""
    about = archive.manifest.get("sandbox")
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise NoSnapshot(f"{archive.path} does not name its sandbox.")
    return about | {"isDefault": True}


def seed_of(archive: Archive) -> Seed:
    """The organisation: one sandbox and the specs. Only specs are decoded at once."""
    about = sandbox_of(archive)

    def load() -> SandboxSeed:
        return _sandbox(archive)

    return Seed(
        sandboxes=[about],
        connection_specs=_all(archive, "connectionSpecs"),
        flow_specs=_all(archive, "flowSpecs"),
        by_sandbox=Sandboxes({about["name"]: load}),
        broken={},
        unreachable=words(archive),
    )


def _all(archive: Archive, kind: str) -> list[JsonObject]:
    rows = SnapshotRows(archive, kind)
    return [row for id in rows.ids() if (row := rows.get(id)) is not None]


def _sandbox(archive: Archive) -> SandboxSeed:
    mappings = _MappingVersions(archive)
    return SandboxSeed(
        connections=SnapshotRows(archive, "connections"),
        source_connections=SnapshotRows(archive, "sourceConnections"),
        target_connections=SnapshotRows(archive, "targetConnections"),
        flows=SnapshotRows(archive, "flows"),
        runs=SnapshotRows(archive, "runs"),
        datasets=SnapshotRows(archive, "dataSets"),
        batches={},
        schemas=SnapshotRows(archive, "schemas"),
        mapping_sets=mappings.newest(),
        read_files=dict,
        earlier_mappings=mappings,
    )


class _MappingVersions(Mapping[tuple[str, str], JsonObject]):
    """Mapping sets by id and version; flows may name several versions of one."""

    def __init__(self, archive: Archive) -> None:
        self._rows = SnapshotRows(archive, "mappingSets")

    def __getitem__(self, key: tuple[str, str]) -> JsonObject:
        row = self._rows.get("@".join(key))
        if row is None:
            raise KeyError(key)
        return row

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for id in self._rows.ids():
            name, _, version = id.rpartition("@")
            yield name, version

    def __len__(self) -> int:
        return len(self._rows)

    def newest(self) -> list[JsonObject]:
        """One of each id: the greatest version that was read."""
        found: dict[str, tuple[int, JsonObject]] = {}
        for name, version in self:
            row = self[name, version]
            number = _number(row.get("version"))
            if name not in found or number > found[name][0]:
                found[name] = (number, row)
        return [row for _, row in found.values()]


def _number(version: Any) -> int:
    try:
        return int(version)
    except (TypeError, ValueError):
        return -1
