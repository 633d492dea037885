"""The rules, one a file, by family."""
