"""What happens by itself: schedules fall due, runs start and end, states settle; it may import `http` and
`state` and must not know requests.
"""
