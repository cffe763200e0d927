"""What outlives a call: small values that wait for a while, in memory or shared by replicas. Knows no MCP, no Adobe."""
