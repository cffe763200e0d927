"""Requests, answers and errors of the Platform as plain values, and their way over ASGI; it imports nothing
of the other rooms and knows no service, no state and no organisation.
"""
