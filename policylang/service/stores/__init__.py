"""Where the records are that requests only name."""
