"""What is secret, decided in one place: by a spec's own marks, by names, by the look of a text, by value.

Everything that is shown, logged or kept passes here: answers, previews, errors, the audit log.
"""

MASK = "***"
"""Stands where a secret was."""
