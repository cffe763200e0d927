"""`aep-flow-mcp credentials set`: puts a secret into the system's keyring, from a prompt that shows nothing."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from aep_flow_mcp.credentials.keychain import PREFIX, KeychainError, fetch, remove, store
from aep_flow_mcp.environment import cleaned


def set_secret(name: str) -> str:
    """Ask for the secret of an entry and keep it; what to do next, in words. Without a terminal, stdin's first line.

    Raises:
        KeychainError: nothing was given, or it was not kept.
    """
    _check_name(name)
    given = (
        getpass.getpass(f"Secret for {name} (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    )
    secret = cleaned(given)
    if secret is None:
        raise KeychainError("nothing was given, so nothing was kept.")
    store(name, secret)
    return f"Kept. Set AEP_CLIENT_SECRET={PREFIX}{name}, or client_secret in a profile."


def check_secret(name: str) -> str:
    """Whether an entry is there, in words; never the secret.

    Raises:
        KeychainError: it is not, or the keyring does not answer.
    """
    _check_name(name)
    fetch(name)
    return f"The keyring holds {name}."


def remove_secret(name: str) -> str:
    """Forget an entry.

    Raises:
        KeychainError: there is none, or the keyring refuses.
    """
    _check_name(name)
    remove(name)
    return f"The keyring no longer holds {name}."


credentials_app = typer.Typer(help="Keep secrets in the system's keyring.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The entry's name; a setting names it as keyring:NAME.")]


@credentials_app.command("set")
def _set(name: Name) -> None:
    """Ask for a secret, showing nothing, and keep it in the system's keyring."""
    _done(set_secret, name)


@credentials_app.command("check")
def _check(name: Name) -> None:
    """Say whether the keyring holds an entry."""
    _done(check_secret, name)


@credentials_app.command("remove")
def _remove(name: Name) -> None:
    """Take an entry out of the keyring."""
    _done(remove_secret, name)


def _done(act: Callable[[str], str], name: str) -> None:
    try:
        print(act(name))
    except KeychainError as error:
        print(f"aep-flow-mcp: {error}", file=sys.stderr)
        sys.exit(2)


def _check_name(name: str) -> None:
    if not name.isprintable() or not name.strip() or name != name.strip() or len(name) > 100:
        raise KeychainError("a name is one short line of text.")
