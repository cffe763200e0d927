"""The questions that people ask: find, describe, health, diagnosis, lineage, comparison."""
