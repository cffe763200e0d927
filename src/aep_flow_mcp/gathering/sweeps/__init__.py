"""Everything of a span of time, read in ranges side by side. Knows no answer's words."""
