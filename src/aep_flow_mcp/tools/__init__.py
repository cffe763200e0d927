"""The tools, and nothing else: a typed function each, in folders by what a person looks for.

A tool imports no other tool.
"""
