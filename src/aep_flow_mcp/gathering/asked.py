"""What cannot be answered as it was asked, in a sentence for whoever asked."""

from __future__ import annotations


class AskedError(ValueError):
    """Nothing is called so, several things are, or an argument cannot be read.

    The message says what to give instead. Each door turns it into its own kind of error: a tool's, a
    resource's, a command's.
    """
