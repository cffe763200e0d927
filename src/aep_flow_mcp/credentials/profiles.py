"""Named profiles: several credentials, each with its own sandboxes, in one file that only a person decides about.

A TOML file with one table a profile; its keys are settings in lower case without `AEP_`. It is the file that
AEP_PROFILES_FILE names, else `profiles.toml` in the user's own folder for settings: never one of the working directory.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aep_flow_mcp.environment import PREFIX, cleaned, unfilled_sentence
from aep_flow_mcp.settings import SOURCED, Settings, SettingsError, read_settings

ALL = "all"
"""Stands for every profile of the file."""
_OF_ADOBE = tuple(name for name in SOURCED if name != "client_key_password")
KEYS = (
    *_OF_ADOBE,
    *(f"{name}_file" for name in _OF_ADOBE),
    *("scopes", "config_file", "sandbox", "sandboxes", "platform_url", "ims_url"),
)
"""What a profile says, and says alone: the same in the environment would mix two organisations."""
_PATHS = frozenset({"config_file", *(f"{name}_file" for name in _OF_ADOBE)})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def chosen_profiles(
    settings: Settings, names: Iterable[str] = (), *, env_file: Path | None = None
) -> dict[str, Settings]:
    """The settings of each profile that is asked for, in order; empty where none is.

    names: from the command line; else those of AEP_PROFILE.

    Raises:
        SettingsError: the file, a profile or a value in it cannot be used, or the environment says the same.
    """
    wanted = list(dict.fromkeys(part for name in names for part in name.replace(",", " ").split()))
    wanted = wanted or list(settings.profile)
    if not wanted:
        return {}
    path = settings.profiles_file or own_folder(os.environ, home=Path.home(), platform=sys.platform)
    known = _read(path)
    if wanted == [ALL]:
        wanted = list(known)
    if missing := [name for name in wanted if name not in known]:
        raise SettingsError(
            f"There is no profile {missing[0][:60]} in {path}: there are {', '.join(known) or 'none'}."
        )
    _check_alone(settings, wanted[0])
    return {name: _settings(name, known[name], path, env_file) for name in wanted}


def own_folder(environ: Mapping[str, str], *, home: Path, platform: str) -> Path:
    """The file of profiles in the user's own folder for settings. What is no absolute path is not looked at: it would
    be one of the working directory."""
    variable, default = {
        "darwin": (None, home / "Library" / "Application Support"),
        "win32": ("APPDATA", home / "AppData" / "Roaming"),
    }.get(platform, ("XDG_CONFIG_HOME", home / ".config"))
    named = Path(environ.get(variable, "") if variable else "")
    return (named if named.is_absolute() else default) / "aep-flow-mcp" / "profiles.toml"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        _check_owner(path)
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"The file of profiles {path} does not exist: make it, or set AEP_PROFILES_FILE."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The file of profiles {path} cannot be read: {error.strerror or error}."
        ) from None
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at (line \d+)", str(error))
        raise SettingsError(
            f"The file of profiles {path} is not TOML{f' ({where[1]})' if where else ''}."
        ) from None
    except UnicodeError:
        raise SettingsError(f"The file of profiles {path} is not UTF-8 text.") from None
    for name, table in document.items():
        if not isinstance(table, dict):
            raise SettingsError(
                f"{path}: {name[:60]} stands outside of a profile; a profile begins with [its-name]."
            )
        if not _NAME.fullmatch(name) or name == ALL:
            raise SettingsError(
                f"{path}: {name[:60]!r} cannot be a profile's name, which is letters, digits, dots, hyphens; not {ALL}."
            )
        if unknown := [key for key in table if key not in KEYS]:
            raise SettingsError(
                f"{path}: the profile {name} has {unknown[0][:60]}, which no profile has: "
                f"its keys are {', '.join(KEYS)}."
            )
    return document


def _check_owner(path: Path) -> None:
    """Whoever can write this file, or exchange it, can have the client secret sent anywhere."""
    closed = _to_close(path) if sys.platform != "win32" else None
    if closed:
        raise SettingsError(
            f"The file of profiles {path} can be changed by others: make it yours (chown), and chmod {closed}."
        )


def _to_close(path: Path) -> str | None:
    """What takes the rights of others away, as `chmod` has it; None when they have none."""
    found = path.stat()
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & stat.S_IWOTH:
        return "o-w it"
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid, found.st_uid):
        return "g-w it"
    for folder in dict.fromkeys((path.absolute().parent, path.resolve().parent)):
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"o-w {folder}"
    return None


def _is_private_group(group: int, user: int) -> bool:
    """Whether it is the group that many systems make for one user alone, with that user's name."""
    if sys.platform == "win32":
        return False
    import grp
    import pwd

    try:
        owner, found = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == owner.pw_name and owner.pw_gid == group and set(found.gr_mem) <= {owner.pw_name}


def _check_alone(settings: Settings, profile: str) -> None:
    said = [name for name in KEYS if name in settings.model_fields_set]
    if said:
        variables = ", ".join(f"{PREFIX}{name.upper()}" for name in said)
        raise SettingsError(
            f"{variables} is set beside the profile {profile}, which says all of that itself: remove one of the two."
        )


def _settings(name: str, table: Mapping[str, Any], path: Path, env_file: Path | None) -> Settings:
    values = {key: _value(value) for key, value in table.items()}
    for key, value in values.items():
        sentence = unfilled_sentence(key, value) if isinstance(value, str) else None
        if sentence:
            raise SettingsError(f"{path}, profile {name}: {sentence}")
        if key in _PATHS and isinstance(value, str):
            values[key] = path.parent / Path(value).expanduser()
    try:
        return read_settings(env_file=env_file, **{key: value for key, value in values.items() if value})
    except SettingsError as error:
        raise SettingsError(f"{path}, profile {name}: {error}") from None


def _value(value: Any) -> Any:
    return cleaned(value) if isinstance(value, str) else value
