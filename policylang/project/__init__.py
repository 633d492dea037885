"""Which files make a policy set, from folders, compiled JSON and revisions; and its phases as values."""
