"""The bundle's README."""

from __future__ import annotations

from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.readme import asking, period


def readme(plan: RelationPlan) -> str:
    """How to load the bundle and how to ask, for somebody who knows OpenFGA."""
    return f"{_TEXT.replace('{period}', period(plan))}\n{asking(plan, ', with its tuples as contextual tuples')}"


_TEXT = """\
# Access rules for OpenFGA

{period}

`model.fga` is the model, `tuples.json` who has what and what that allows, `store.fga.yaml` has tests of both. Run them:

    fga model test --tests store.fga.yaml

Load the bundle into a store:

    fga store create --name policies --model model.fga
    fga tuple write --store-id "$STORE" --file tuples.json

The policies' tuples are all about `source`, `place`, `role` and `user`. When a new bundle comes, delete those that it
no longer has in the same step as you switch to its model, by its id. The names in a model are only good for its own
tuples: write those of the records anew when `names.json` changes.
"""
