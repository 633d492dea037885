"""Access policies as code: a language, its compiler and its checker."""

__version__ = "0.1.0"
