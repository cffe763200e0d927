"""How long a call waits for Adobe, what is never cut off, and when a read is asked again."""
