"""What every kind of Flow Service object shares: lists and their pages, how an object is shown, how it is
written; it may import `http` and `state` and must not know any single kind's rules.
"""
