"""What one emulator remembers (options, time, identities, tokens, objects) and how it is asked for; it may
import `http` and must not know which services answer nor where an organisation comes from.
"""
