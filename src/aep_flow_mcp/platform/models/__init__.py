"""Models of what the API returns. Import them from their modules: connections, flows, runs, specs, ..."""
