"""Pipelines as documents: read as YAML, compared with what is there, applied after one approval."""
