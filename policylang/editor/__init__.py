"""The language server: a policy set kept in memory while it is edited, and one file a feature. `server` begins it."""
