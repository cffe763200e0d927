"""Flows, their runs and their mapping sets: reading them and changing them."""
