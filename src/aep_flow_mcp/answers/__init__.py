"""How a value becomes an answer: compact text and the same as structure.

Knows what it is given; knows no tool and no guard.
"""
