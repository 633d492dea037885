"""Reading and writing files: whole or not at all, strictly, with the place of every value."""
