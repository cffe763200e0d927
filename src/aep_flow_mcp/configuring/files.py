"""A host's file: read as it is to the byte, and replaced as a whole or not at all."""

from __future__ import annotations

import codecs
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aep_flow_mcp.configuring.problems import ConfigureError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class HostFile:
    """A file as it was read; `raw` is None when it is not there. `target` is where a link leads.

    owned: whose it was when it was read, and its mode.
    """

    path: Path
    target: Path
    raw: bytes | None
    owned: os.stat_result | None = None

    @property
    def said(self) -> str:
        """Its path in words, and where a link leads."""
        return str(self.path) if self.target == self.path else f"{self.path} (which leads to {self.target})"

    @property
    def text(self) -> str:
        """What it says, its line ends as they are, without a byte order mark."""
        return _decoded(self.path, self.raw or b"")

    @property
    def mark(self) -> bytes:
        """The byte order mark that it begins with, if any."""
        return codecs.BOM_UTF8 if (self.raw or b"").startswith(codecs.BOM_UTF8) else b""

    @property
    def kept_copy(self) -> Path:
        """Where the file as it was before the first time is kept."""
        return self.target.with_name(self.target.name + ".before-aep-flow-mcp")

    def first_text(self) -> str | None:
        """What it said before the first time, if that is kept."""
        try:
            raw, _ = _read(self.kept_copy)
            return None if raw is None else _decoded(self.kept_copy, raw)
        except (OSError, ConfigureError):
            return None


def opened(path: Path, *, within: Path | None = None) -> HostFile:
    """The file at a path, which need not be there.

    within: a folder that links must not lead out of.

    Raises:
        ConfigureError: it cannot be read, is no regular file, or lies elsewhere.
    """
    try:
        target = path.resolve()
        if within is not None and not target.is_relative_to(within.resolve()):
            raise ConfigureError(
                f"{path} leads out of this project, to {target}: nothing was read or written. Remove that link, or "
                "use --scope user."
            )
        return HostFile(path, target, *_read(target))
    except (OSError, RuntimeError) as error:
        raise ConfigureError(f"{path} cannot be read ({_why(error)}).") from None


def _read(path: Path) -> tuple[bytes | None, os.stat_result | None]:
    """What a file holds and whose it is. A pipe would keep us waiting, so nothing but a regular file is read."""
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"):
        flags |= getattr(os, name, 0)  # each of them is missing on some system
    try:
        # Looked at first, as some devices do something when they are opened.
        _check_regular(path, path.stat())
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None, None
    with os.fdopen(descriptor, "rb") as file:
        owned = os.fstat(descriptor)
        _check_regular(path, owned)
        return file.read(), owned


def _check_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigureError(f"{path} is not a regular file and was left as it is.")


def replaced(file: HostFile, text: str) -> Path | None:
    """Write the text in its place; the copy of what it was before the first time is returned, if there was anything.

    Raises:
        ConfigureError: it cannot be written, or has changed since it was read; it is as it was.
    """
    try:
        content = file.mark + text.encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigureError(f"A path that belongs into {file.path} is not Unicode text.") from None
    if file.owned is not None and not file.owned.st_mode & 0o222:
        raise ConfigureError(
            f"{file.path} is read-only and was left as it is: make it writable, or put in what --print shows."
        )
    try:
        file.target.parent.mkdir(parents=True, exist_ok=True)
        kept = _keep_first(file)
        _replace(file, content)
    except OSError as error:
        raise ConfigureError(
            f"{file.path} cannot be written ({_why(error)}). --print shows what belongs into it."
        ) from None
    return kept


def _decoded(path: Path, raw: bytes) -> str:
    if raw.startswith(_UTF16):
        raise ConfigureError(f"{path} is UTF-16 text and was left as it is: save it as UTF-8 first.")
    try:
        return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigureError(f"{path} is not UTF-8 text (line {line}) and was left as it is.") from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "a link that leads to itself"


def _keep_first(file: HostFile) -> Path | None:
    """Copy the file as it was before this command first touched it; a copy that is there already is that one."""
    if file.raw is None:
        return None
    try:
        descriptor = os.open(file.kept_copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.kept_copy
    with os.fdopen(descriptor, "wb") as copy:
        copy.write(file.raw)
    return file.kept_copy


def _replace(file: HostFile, content: bytes) -> None:
    """Write all of it or nothing, to where a link leads; who may read the file stays as it was."""
    target = file.target
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(descriptor)
            now, owned = _read(target)
            if now != file.raw:
                raise ConfigureError(f"{file.path} was changed by something else meanwhile: run this again.")
            if owned is not None:
                _as_owned(descriptor, owned)
            ours = os.fstat(descriptor)
        # Windows numbers a file differently by name and by descriptor, and lets nobody make links there unasked.
        if sys.platform != "win32" and not os.path.samestat(ours, os.lstat(name)):
            raise ConfigureError(
                f"{file.path}: what was to replace it was exchanged meanwhile. It is as it was."
            )
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _as_owned(descriptor: int, before: os.stat_result) -> None:
    """Give a file the owner and the mode of the one that it replaces; `sudo` must not take a host's file from it.

    By its descriptor: whoever may write the folder could put a link in its place meanwhile.
    """
    if sys.platform == "win32":
        return
    if os.geteuid() == 0:
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, before.st_mode & 0o777)
