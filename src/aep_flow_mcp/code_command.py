"""The commands `export`, `plan`, `apply` and `drift`: pipelines as files, without an assistant."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from aep_flow_mcp.command_settings import EnvFile

if TYPE_CHECKING:
    from aep_flow_mcp.app import App
    from aep_flow_mcp.settings import Settings

NOTHING, WRONG, CHANGES = 0, 1, 2
"""What the commands exit with."""

FolderPath = Annotated[Path, typer.Argument(help="The folder with the pipelines.", show_default=False)]
Sandbox = Annotated[
    str | None, typer.Option(help="One of the configured ones; else the first.", show_default=False)
]
OnEmulator = Annotated[bool, typer.Option("--emulator", help="Use the built-in emulator.")]
Profile = Annotated[
    list[str] | None, typer.Option("--profile", help="A profile of the file of profiles.", show_default=False)
]


class Form(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def export(
    folder: Annotated[Path | None, typer.Argument(help="The folder to write to.", show_default=False)] = None,
    flow: Annotated[
        list[str] | None,
        typer.Option("--flow", help="The name of a flow; again for more.", show_default=False),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Only print the JSON Schema of the files.")
    ] = False,
    sandbox: Sandbox = None,
    emulator: OnEmulator = False,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Write the pipelines of a sandbox as YAML files, one each; comments in files that are there stay."""
    if schema:
        from aep_flow_mcp.documents.schema import schema_text

        print(schema_text(), end="")
        return
    if folder is None:
        _fail("export takes a folder to write to.")
    from aep_flow_mcp.code_work import export_to

    _ended(
        _run(
            emulator, env_file, profile, lambda app: export_to(app, folder, sandbox=sandbox, names=flow or ())
        )
    )


def plan(
    folder: FolderPath,
    sandbox: Sandbox = None,
    format: Annotated[Form, typer.Option(help="text, json, or markdown for a pull request.")] = Form.TEXT,
    prune: Annotated[bool, typer.Option("--prune", help="Also delete flows whose file is gone.")] = False,
    emulator: OnEmulator = False,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Say what applying the files would change, and change nothing. Exits 0: nothing, 2: changes, 1: errors."""
    from aep_flow_mcp.code_work import plan_of

    _ended(
        _run(
            emulator,
            env_file,
            profile,
            lambda app: plan_of(app, folder, sandbox=sandbox, form=format.value, prune=prune),
        )
    )


def apply(
    folder: FolderPath,
    sandbox: Sandbox = None,
    approve: Annotated[
        str | None, typer.Option(help="The digest of a plan that was reviewed.", show_default=False)
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Also delete flows whose file is gone.")] = False,
    emulator: OnEmulator = False,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Make a sandbox what the files say, all of it or nothing, once a person has said yes on the terminal."""
    from aep_flow_mcp.code_work import apply_to

    _ended(
        _run(
            emulator,
            env_file,
            profile,
            lambda app: apply_to(app, folder, sandbox=sandbox, approved=approve, prune=prune),
        )
    )


def drift(
    folder: FolderPath,
    sandbox: Sandbox = None,
    emulator: OnEmulator = False,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Say what was changed outside of the files since they were applied, by whom and when. Exits as plan does."""
    from aep_flow_mcp.code_work import drift_of

    _ended(_run(emulator, env_file, profile, lambda app: drift_of(app, folder, sandbox=sandbox)))


def _run(
    emulator: bool, env_file: Path | None, profile: list[str] | None, work: Callable[[App], Any]
) -> tuple[int, str]:
    """The exit code and the output of some work on one organisation."""
    import anyio

    from aep_flow_mcp.app import App
    from aep_flow_mcp.filing.folder import FolderError
    from aep_flow_mcp.logs import configure_logging
    from aep_flow_mcp.platform.errors import PlatformError

    settings = _settings(emulator, env_file, profile)

    async def run() -> tuple[int, str]:
        app = App(settings, transport=_emulator if emulator else None, emulated=emulator)
        configure_logging(settings.mcp_log_level, app.redactor)
        try:
            found: tuple[int, str] = await work(app)
            return found
        except (FolderError, PlatformError) as error:
            return WRONG, app.redactor.text(f"aep-flow-mcp: {error}")
        finally:
            await app.aclose()

    return anyio.run(run)


def _settings(emulator: bool, env_file: Path | None, profile: list[str] | None) -> Settings:
    from aep_flow_mcp.command_settings import settings_by_profile
    from aep_flow_mcp.settings import SettingsError

    try:
        found = settings_by_profile(emulator=emulator, env_file=env_file, names=profile or ())
    except SettingsError as error:
        _fail(str(error))
    if len(found) > 1:
        _fail(f"This command takes one profile: name it with --profile, one of {', '.join(found)}.")
    return next(iter(found.values()))


def _emulator() -> Any:
    from aep_flow_mcp.emulator import Emulator, EmulatorOptions
    from aep_flow_mcp.emulator.asgi import EmulatorTransport

    return EmulatorTransport(Emulator(EmulatorOptions()))


def _ended(outcome: tuple[int, str]) -> NoReturn:
    code, said = outcome
    print(said.rstrip("\n"), file=sys.stderr if code == WRONG else sys.stdout)
    sys.exit(code)


def _fail(sentence: str) -> NoReturn:
    """2 means changes here, so what is wrong exits 1."""
    print(f"aep-flow-mcp: {sentence}", file=sys.stderr)
    sys.exit(WRONG)
