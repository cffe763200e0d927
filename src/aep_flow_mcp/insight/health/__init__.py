"""Counts over many runs, and what they say of a stretch of time. Knows no single flow's evidence."""
