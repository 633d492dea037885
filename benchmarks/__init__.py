"""How fast the front end is, and how much memory it takes. See README.md."""
