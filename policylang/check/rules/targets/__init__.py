"""PL8xx: what a compile target cannot express. Found by `policylang compile --target`; always errors."""
