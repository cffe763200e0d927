"""What the product is handed out as: packages, a bundle, manifests for hosts, and what a release may break.

Nothing here is imported by the product, and nothing of it is in the wheel. It knows pyproject.toml, the surface and the
shipped prompts; everything that repeats them (a version, a tool's name, a setting) is made here, and a test compares.
"""
