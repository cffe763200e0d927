"""What is to be changed, as data: steps, how they are shown, and what must not be shown. Sends nothing."""
