"""PL1xx: the source itself. Found while reading and resolving; always errors."""
