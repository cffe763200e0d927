"""What people look at beside an answer: MCP Apps, as HTML that is built from `apps/` at the top of the repository."""
