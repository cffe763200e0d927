"""What facts mean: health, diagnosis, lineage, search. Pure functions over models; no HTTP, no MCP."""
