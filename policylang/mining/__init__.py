"""Roles found in who has which permission: fewest, or cheapest, with a bound and a proof."""
