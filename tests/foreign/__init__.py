"""Organisations that nobody here invented: generated from what Adobe documents, and everything asked about them."""
