"""Check, fix, format, test and compile as values: what commands, editor, page and service call. No printing."""
