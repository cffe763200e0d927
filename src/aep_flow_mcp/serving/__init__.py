"""How a server is run: over stdio and HTTP, for whom it listens, and how it stops without leaving a write half done.

Knows the transports and the process; knows no tool, and asks the guard only to end what is in flight.
"""
