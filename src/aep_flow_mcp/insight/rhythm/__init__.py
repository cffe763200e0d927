"""How regularly a flow runs, learned from when it ran. Knows times only: no outcome, no error."""
