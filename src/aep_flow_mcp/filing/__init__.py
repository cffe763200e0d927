"""Pipelines in a folder: the files with their documents, what was applied last, and who may apply now.

It knows the disk and the format, and nothing of a sandbox.
"""
