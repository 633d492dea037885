"""What the calendar brings to a policy set."""
