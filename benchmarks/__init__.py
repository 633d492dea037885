"""How fast the front end and the decisions are, and how much memory they take. See README.md."""
