"""The server about itself, the second call that confirms, and any other path of the Platform."""
