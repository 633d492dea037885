"""Each compile target decides the same requests, see `prepare` of each."""
