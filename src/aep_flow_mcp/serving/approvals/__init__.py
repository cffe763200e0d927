"""The approval page over HTTP: people sign in to it in their browsers, see the preview, and approve or decline.

Knows HTTP, the issuer and what waits for an approval (`guard/approval/waiting.py`); knows no tool, and sends nothing: a
change that was approved here is carried out by the call of whoever asked for it.
"""
