"""What Adobe itself keeps: the audit log, its metrics of ingestion, the rows that batches left out."""
