"""One module for each kind of pipeline. Each has `NAME` and `judge(desk)`, which ends with a verdict."""
