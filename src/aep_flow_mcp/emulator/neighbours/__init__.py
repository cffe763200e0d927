"""What surrounds Flow Service for its clients (IMS, the gateway, Catalog, Data Prep, Schema Registry,
landing zone, sandboxes, activation, audit log, metrics, data access); it may import `http` and `state` and
must not know how Flow Service works.
"""
