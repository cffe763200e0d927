"""What connection specs and flow specs declare about a body: the one place that decides whether it is sent.

Declared and violated is a problem that names the field. Not declared is sent, with a note. What cannot be checked
(a schema that cannot be read, a reference to a secret) is sent too, and said. What is sent has the declared types.
"""
