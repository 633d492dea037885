"""What the targets OpenFGA and SpiceDB share: a policy set as types, relations and tuples."""
