"""Documents of pipelines against a sandbox: what is there, what they would change, and the one Change that does it."""
