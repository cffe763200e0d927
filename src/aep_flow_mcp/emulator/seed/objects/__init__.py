"""The organisation's plans turned into what the API holds: connections, flows, mappings, datasets, files; it
may import `organisation`, `history` and `catalogue`, and nothing below `seed` imports it but the builder
of the whole.
"""
