"""What tests of tools need, here too."""

from tools.conftest import no_settings_from_outside as no_settings_from_outside
