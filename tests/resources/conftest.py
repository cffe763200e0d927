"""The same server and clients as the tests of the tools have."""

from tools.conftest import (
    bed,
    emulator,
    emulator_options,
    era,
    far_server,
    no_settings_from_outside,
    settings,
)

__all__ = ["bed", "emulator", "emulator_options", "era", "far_server", "no_settings_from_outside", "settings"]
