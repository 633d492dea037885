"""The bundle's README."""

from __future__ import annotations

from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.readme import asking, period


def readme(plan: RelationPlan) -> str:
    """How to load the bundle and how to ask, for somebody who knows SpiceDB."""
    return f"{_TEXT.replace('{period}', period(plan))}\n{asking(plan, '; delete its relationships afterwards')}"


_TEXT = """\
# Access rules for SpiceDB

{period}

`schema.zed` is the schema, `relationships.txt` who has what and what that allows, one relationship a line as zed writes
them, `validation.yaml` has both once more with tests:

    zed validate validation.yaml

Load the bundle, with the records that there are left out:

    zed schema write schema.zed
    zed relationship touch ...   # or WriteRelationships, 1,000 at most at once

The policies' relationships are all about `source`, `place`, `role` and `user`. When a new bundle comes, delete those
that it no longer has. The names in a schema are only good for its own relationships: write those of the records anew
when `names.json` changes. Ask with `fully_consistent`, or at least as fresh as the token of the last write. An answer
that is conditional lacks a value, and is no yes; a lookup lists such objects too.
"""
