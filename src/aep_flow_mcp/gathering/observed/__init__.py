"""What Adobe itself keeps: who changed an object, what came into datasets, which rows a batch left out."""
