"""How regularly a flow runs and how long it usually takes, learned from its own runs. Knows no error and no part."""
