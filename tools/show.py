"""What is in a compiled policy set, in a few lines.

python -m tools.show FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from policylang.ir import from_json


def main(path: Path) -> None:
    document = path.read_bytes()
    policy_set = from_json(document)
    print(f"{path}: {len(document):,} bytes, format {policy_set.version}, {policy_set.digest[:19]}…")
    for name in ("resources", "policies", "roles", "groups", "users"):
        found = getattr(policy_set, name)
        names = ", ".join(getattr(each, "name", None) or each.id for each in found)
        print(f"  {name} ({len(found)}): {names}")
    for group in policy_set.groups:
        for grant in group.grants:
            print(f"  group {group.name} grants {', '.join(grant.actions)} on {grant.resource}  ({grant.at})")
        for limit in group.limits:
            print(f"  group {group.name} is limited by {limit.instance}  ({limit.at})")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
