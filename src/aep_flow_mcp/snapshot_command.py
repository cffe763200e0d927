"""The command `snapshot`, and what `--snapshot FILE` starts in Adobe's place."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from aep_flow_mcp.app import TransportFactory
    from aep_flow_mcp.emulator import Emulator, EmulatorOptions
    from aep_flow_mcp.settings import Settings


class SnapshotFailed(Exception):
    """It cannot be taken or opened; the message is what a person is told."""


def take(
    settings: Settings,
    target: Path,
    *,
    sandbox: str | None = None,
    days: int = 30,
    pseudonyms: bool = False,
    force: bool = False,
    transport: TransportFactory | None = None,
    now: datetime | None = None,
) -> None:
    """Read a sandbox into a file, with progress on stderr.

    now: when it is said to be taken, for a platform whose clock stands.

    Raises:
        SnapshotFailed: nothing was written to the file; what was read is kept beside it for the next try.
    """
    from aep_flow_mcp.platform.errors import PlatformError
    from aep_flow_mcp.snapshots.workplace import SnapshotError

    if target.exists() and not force:
        raise SnapshotFailed(f"{target} exists: name another file, or overwrite it with --force.")
    if days < 1:
        raise SnapshotFailed("--days takes a number of days, 1 or more.")
    try:
        anyio.run(_take, settings, target, sandbox, days, pseudonyms, transport, now)
        _tell(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")
    except SnapshotError as error:
        raise SnapshotFailed(str(error)) from None
    except PlatformError as error:
        raise SnapshotFailed(f"{error} Repeat the command: it goes on where it stopped.") from None
    except OSError as error:
        raise SnapshotFailed(f"{target} cannot be written: {error.strerror or error}.") from None


async def _take(
    settings: Settings,
    target: Path,
    sandbox: str | None,
    days: int,
    pseudonyms: bool,
    transport: TransportFactory | None,
    now: datetime | None,
) -> None:
    from aep_flow_mcp.app import App
    from aep_flow_mcp.snapshots.kept import Kept
    from aep_flow_mcp.snapshots.pseudonyms import Pseudonyms
    from aep_flow_mcp.snapshots.taking import Taking
    from aep_flow_mcp.snapshots.workplace import Workplace

    app = App(settings, transport=transport)
    try:
        aep = app.reader(sandbox)
        if aep.sandbox is None:
            raise SnapshotFailed("No sandbox is configured: name it with --sandbox, or set AEP_SANDBOX.")
        place = Workplace(target)
        began = (now or datetime.now(UTC)).isoformat()
        asked = {"sandbox": aep.sandbox, "days": days, "pseudonyms": pseudonyms, "taken_at": began}
        if place.open(asked):
            _tell(f"goes on with what was begun at {place.begun['taken_at']}")
        kept = Kept(Pseudonyms(bytes.fromhex(place.begun["salt"])) if pseudonyms else None)
        taking = Taking(aep, place, kept, _tell)
        about = await taking.sandbox()
        await taking.run()
        place.finish(
            {"taken_at": place.begun["taken_at"], "days": days, "pseudonyms": pseudonyms, "sandbox": about}
        )
    finally:
        await app.aclose()


def _tell(sentence: str) -> None:
    print(f"snapshot: {sentence}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class StandIn:
    """A snapshot in Adobe's place. `words` say what it is of, and that nothing reaches Adobe."""

    emulated: Emulator
    words: str
    sandbox: str

    def transport(self) -> Any:
        """What carries a server's requests to it."""
        from aep_flow_mcp.emulator.asgi import EmulatorTransport

        return EmulatorTransport(self.emulated)

    def settings(self, settings: Settings) -> Settings:
        """The settings, with the snapshot's sandbox as the only one."""
        return settings.model_copy(update={"sandbox": self.sandbox, "sandboxes": ()})

    def time(self) -> AbstractContextManager[None]:
        """While it is open, its time is the present."""
        from aep_flow_mcp.gathering.times import standing

        return standing(self.emulated.backend.clock.now())


def stand_in(
    path: Path, options: EmulatorOptions | None = None, clock: Callable[[], datetime] | None = None
) -> StandIn:
    """An emulator on a snapshot; its clock stands at the time at which that was taken, unless another is given.

    Raises:
        SnapshotFailed: the file is not there, or no whole snapshot.
    """
    from aep_flow_mcp.emulator.snapshot.opening import NoSnapshot, open_snapshot

    try:
        opened = open_snapshot(path, options, clock)
    except NoSnapshot as error:
        raise SnapshotFailed(str(error)) from None
    return StandIn(opened.emulator, opened.words, opened.sandbox)
