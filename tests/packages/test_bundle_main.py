"""How the bundle's start reads what a host filled in."""

from __future__ import annotations

import pytest

from distribution.bundle_main import EMULATOR, arguments


def test_what_nobody_filled_in_is_not_there() -> None:
    environ = {"AEP_SANDBOX": "${user_config.sandbox}", "AEP_ORG_ID": "x@AdobeOrg", "PATH": "${PATH}"}
    assert arguments(environ) == ["serve"]
    assert environ == {"AEP_ORG_ID": "x@AdobeOrg", "PATH": "${PATH}"}


@pytest.mark.parametrize(
    ("value", "emulated"),
    [("true", True), ("True ", True), ("false", False), ("", False), ("${user_config.emulator}", False)],
)
def test_the_emulator_is_an_option_of_the_bundle(value: str, emulated: bool) -> None:
    environ = {EMULATOR: value}
    assert ("--emulator" in arguments(environ)) is emulated
    assert EMULATOR not in environ, "the server does not know it"
