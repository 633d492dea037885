"""From a model without diagnostics to the intermediate representation."""
