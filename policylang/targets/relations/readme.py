"""What the READMEs of both bundles say alike."""

from __future__ import annotations

from policylang.targets.relations.plan import Plan
from policylang.targets.relations.validity import validity


def period(plan: Plan) -> str:
    """Until when the bundle is valid."""
    since, until = validity(plan.index, plan.now)
    if since is None and until is None:
        return "Nothing in this bundle depends on time: it is valid until the policies change."
    begin = "" if since is None else f"from {since:%Y-%m-%dT%H:%M:%SZ} "
    end = "" if until is None else f"until {until:%Y-%m-%dT%H:%M:%SZ}, exclusive"
    return (
        f"**Valid {(begin + end).strip()}.** Roles with `from` or `until` stand as they are in this time. Compile and"
        " load anew when it ends: nothing in the engine does that, and a role that has ended would go on."
    )


ASKING = """\
## Names

`names.json` says what everything is called: for each resource its `type`, the relation of each of the `actions`, of
each attribute under an action (`fields`), and the relations that attributes with users are written to (`users`);
`place` is the attribute that holds the record's place.

Ids of users, places and records keep ASCII letters, digits, `_` and `-`. Each other byte of their UTF-8 text is `=` and
two capital hex digits, the empty text is `=`: `amy@example.test` is `amy=40example=2Etest`. The place around all places
is `=everywhere`.

## Keep up with records

For each record write, and rewrite when it changes,

1. exactly one `located`: its place, `place:=everywhere` if it has none. A place that the policy set does not have, or
   of another kind than the attribute asks for, must not be written: deny everything on that record.
2. for each attribute in `users` a tuple for each user in it, none if it has no value. Leave users out whom the policy
   set does not know.

Nobody but the loader of this bundle may write anything else; other objects than records are the policies' own.

## Ask

Ask whether `user:ID` is in the relation of the action on the record. Only a plain yes is a yes; errors are denials.

- **An attribute**: ask for the relation of the action and for that of the attribute under the action. Both must say
  yes.
- **modify**: ask for the action and for each attribute that changes, on the record as it is and again on the record as
  it would be, under an id of its own that ends with `=after`{draft}. All must say yes.
- **create**: ask for the action and for each attribute that has a value, on the proposed record, under an id of its
  own.
- An attribute that asks for a `user with role`: ask also, for each user who is written, whether `user:ID` is `holder`
  of `role:ROLE`.
- An unknown action, resource, attribute or user is a denial.

`policylang.targets.relations.request.question` gives the tuples and the checks of a request in Python.
"""
