"""Connection specs and flow specs: what connectors and kinds of flows there are, and what each takes."""
