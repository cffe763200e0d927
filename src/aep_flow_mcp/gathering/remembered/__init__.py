"""What a question read, kept for the next one: only what changed since is read again, and counts tell what is gone.

What is kept is never believed by itself. Everything that changed since it was read is asked for, everything that was
still under way is read again, and the service counts: where its number is another one, all is read afresh.
"""
