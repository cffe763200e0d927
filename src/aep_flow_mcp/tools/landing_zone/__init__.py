"""The Data Landing Zone: its storage, its files, its credentials."""
