"""What was decided, one JSON object a line; and what would be decided by other policies."""
