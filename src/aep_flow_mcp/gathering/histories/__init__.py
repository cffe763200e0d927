"""The runs of one flow, further back than a page: read by what the question needs. Knows no answer's words."""
