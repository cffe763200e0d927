"""What was approved, carried out: sent, looked for when an answer is lost, undone, written down."""
