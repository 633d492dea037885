"""Rules about what people did: they run where a usage log is given."""

from policylang.check.rules.usage import unused_assignment, unused_grant

MODULES = (unused_grant, unused_assignment)
