"""The organisation as it is written down: accounts, datasets, schemas and flows by name, with what goes
wrong in them; it may import the ids and the catalogue's well-known ids, and must not know what an API
object looks like.
"""
