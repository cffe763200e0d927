"""The runs and batches of the past, counted out from plans and shown when they are asked for; it may import
`organisation` and must not know the connections and flows that `objects` makes.
"""
