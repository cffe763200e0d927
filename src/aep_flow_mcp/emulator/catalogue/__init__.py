"""Adobe's connectors and flow specs as data, and the spec objects made of them; it imports nothing of the
other rooms and must not know the organisation, which only refers to it.
"""
