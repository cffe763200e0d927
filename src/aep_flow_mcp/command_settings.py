"""The settings of a command: the environment's, a profile's, or those of the emulator in Adobe's place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from aep_flow_mcp.settings import Settings

EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file", help="Also read settings from this file; the environment wins.", show_default=False
    ),
]
"""An option and no variable: hosts start servers inside projects, and a project must not be able to name it."""

EMULATOR_URL = "https://emulator.invalid"
"""Where the emulator inside the process is said to be; nothing ever resolves it."""


def emulator_settings(*, env_file: Path | None = None, **overrides: Any) -> Settings:
    """The environment's settings with the emulator in Adobe's place: sandbox dev, no credentials needed."""
    from pydantic import SecretStr

    from aep_flow_mcp.settings import SOURCED, Settings, read_settings

    asked = read_settings(env_file=env_file, **overrides)
    return Settings.model_construct(
        **{
            **dict(asked),
            **{f"{name}_file": None for name in SOURCED},
            "client_key_password": None,
            "client_id": "emulator-client",
            "client_secret": SecretStr("emulator-secret"),
            "org_id": "0123456789ABCDEF01234567@AdobeOrg",
            "access_token": None,
            "config_file": None,
            "sandbox": asked.sandbox or "dev",
            "platform_url": EMULATOR_URL,
            "ims_url": EMULATOR_URL,
        }
    )


def emulator_transport() -> Any:
    """An HTTP transport that ends in an emulator inside this process."""
    from aep_flow_mcp.emulator import Emulator, EmulatorOptions
    from aep_flow_mcp.emulator.asgi import EmulatorTransport

    return EmulatorTransport(Emulator(EmulatorOptions()))


def settings_by_profile(
    *, emulator: bool, env_file: Path | None, names: Sequence[str] = ()
) -> dict[str, Settings]:
    """The settings of each profile that is asked for; without profiles there is one, by no name.

    names: of profiles, from the command line.

    Raises:
        SettingsError: a setting, the file of profiles or a profile cannot be used.
    """
    from aep_flow_mcp.settings import SettingsError, read_settings

    named = env_file.expanduser() if env_file else None
    if emulator:
        if names:
            raise SettingsError("--profile is about Adobe: the emulator and a snapshot are one organisation.")
        return {"": emulator_settings(env_file=named)}
    settings = read_settings(env_file=named)
    if not names and not settings.profile:
        return {"": settings}
    from aep_flow_mcp.credentials.profiles import chosen_profiles

    return chosen_profiles(settings, names, env_file=named)


def of_the_process(env_file: Path | None) -> Settings:
    """The settings that hold for all profiles."""
    from aep_flow_mcp.settings import SettingsError, read_settings

    try:
        return read_settings(env_file=env_file.expanduser() if env_file else None)
    except SettingsError as error:
        stop(str(error))


def stop(sentence: str) -> NoReturn:
    """End the command: its settings or arguments are wrong, and the sentence says how."""
    print(f"aep-flow-mcp: {sentence}", file=sys.stderr)
    sys.exit(2)
