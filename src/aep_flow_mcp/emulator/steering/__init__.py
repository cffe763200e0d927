"""How a test steers an emulator: faults and their effects, the journal, the control endpoints; it may import
`http` and `state` and must not know any service.
"""
