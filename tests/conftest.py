"""Hypothesis: the same examples in every run of the tests, many more and random ones with `make soak`."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("tests", derandomize=True, max_examples=300)
settings.register_profile("soak", max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))
