"""Decisions inside web frameworks. Each module needs its framework, and nothing else does."""
