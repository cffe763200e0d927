"""Who may say yes, and how they are asked: in the client, in a second call, on a page."""
