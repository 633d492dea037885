"""Comparing policy sets."""
