"""Exports of datasets: which can be exported, and a whole export in one change."""
