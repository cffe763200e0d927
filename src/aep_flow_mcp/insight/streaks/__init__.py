"""Runs of one flow in their order: what goes on without a break, and since when. Knows no part of the flow."""
