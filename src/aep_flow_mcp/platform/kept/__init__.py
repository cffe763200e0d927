"""What Adobe keeps about a sandbox beside its objects, one reader each: audit log, metrics, files of batches."""
