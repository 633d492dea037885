"""Coverage of a policy set by scenario tests: which statements decided a case, which outcomes conditions had."""
