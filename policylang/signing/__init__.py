"""Signatures of files, in the format of minisign. What is here needs no package that may be missing."""

SUFFIX = ".minisig"
MOST_BYTES = 16_384
"""Of a file with a key or a signature."""
