"""The intermediate representation of a policy set, and its JSON form."""

from policylang.ir.codec import LoadError, from_json, to_json
from policylang.ir.lowering.policy_set import lower
from policylang.ir.nodes import FORMAT_VERSION, PolicySet

__all__ = ["FORMAT_VERSION", "LoadError", "PolicySet", "from_json", "lower", "to_json"]
