"""Questions and tasks over generated organisations: what an assistant gets right with this server, and at what cost.

It may use the generator's draws of `foreign` and the emulator, and must not compute an answer with the product's code.
"""
