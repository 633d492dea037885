"""Scenario tests of policy sets."""
