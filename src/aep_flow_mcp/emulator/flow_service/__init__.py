"""Flow Service itself, one module for each kind of object and a folder for what they share (`objects`) and
for what happens by itself (`running`); it may import `http`, `state` and the catalogue's well-known ids,
and must not know the neighbours, the faults nor the seed.
"""
