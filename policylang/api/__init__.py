"""Decisions as programs ask for them: a policy set that answers, and who can do something."""
