"""Questions about conditions that need a proof: can this be true, does that imply this, and for which record."""
