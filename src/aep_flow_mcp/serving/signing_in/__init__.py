"""How callers over HTTP sign in: tokens of an OpenID Connect issuer, checked, and what they allow.

Knows HTTP, tokens and the issuer; knows no tool (the server's `Offer` says what a call needs), and is imported only
where callers sign in.
"""
