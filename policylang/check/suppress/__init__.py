"""Findings that are meant to be there: by comments, by the configuration, by a baseline."""
