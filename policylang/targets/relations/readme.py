"""The READMEs of both bundles."""

from __future__ import annotations

from importlib import resources

from policylang.targets.relations.plan import RelationPlan
from policylang.targets.relations.validity import validity


def readme(plan: RelationPlan, package: str, draft: str) -> str:
    """How to load the bundle, which ``bundle.md`` in the target's package says, and how to ask. ``draft``: what becomes
    of the tuples about a record that is only proposed.
    """
    trees = "".join(f", `{name}` along `{plan.index.resources[name].tree}`" for name in plan.nodes)
    filled = {
        "{period}": _period(plan),
        "{draft}": draft,
        "{timezone}": plan.index.policy_set.timezone,
        "{trees}": _TREES.replace("{trees}", trees.removeprefix(", ")) if trees else "",
    }
    text = f"{resources.files(package).joinpath('bundle.md').read_text(encoding='utf-8')}\n{_ASKING}"
    for gap, filling in filled.items():
        text = text.replace(gap, filling)
    return text


def _period(plan: RelationPlan) -> str:
    """Until when the bundle is valid."""
    since, until = validity(plan.index, plan.now)
    if since is None and until is None:
        return "No assignment begins or ends: the bundle is valid until the policies change."
    begin = "" if since is None else f"from {since:%Y-%m-%dT%H:%M:%SZ} "
    end = "" if until is None else f"until {until:%Y-%m-%dT%H:%M:%SZ}, exclusive"
    return (
        f"**Valid {(begin + end).strip()}.** Roles with `from` or `until` stand as they are in this time. Compile and"
        " load anew when it ends: nothing in the engine does that, and a role that has ended would go on."
    )


_TREES = """\
5. where there is a `tree` under the resource ({trees}): one tuple in its `upwards` to `NODE:ID` for each id among
   the record's own and those of all records above it, but for ids whose encoded form has more than 200 characters;
   `NODE` is the type that `node` names. If there is a relation `whole`, then in it one for `user:*` if all records
   above are known: the way up ends at a record that may have none above it, and has none. It does not where a record
   above is unknown, where the way turns in circles, and after the 1,000th record above. When a record moves to another
   place in the tree, those below it change as well.
"""
_ASKING = """\
## Names

`names.json` says what everything is called. `resources`: for each its `type`, the relation of each of the `actions` and
of each attribute under an action (`fields`); by attribute the relations to write `users` and `related` records to; the
relations of `conditions`; and `place`, the attribute that holds the record's place. `conditions` and `request`: which
values conditions read.

Ids of users, places and records keep ASCII letters, digits, `_` and `-`. Each other byte of their UTF-8 text is `=` and
two capital hex digits, the empty text is `=`: `amy@example.test` is `amy=40example=2Etest`. The place around all places
is `=everywhere`, a user whom the policy set does not know `=unknown`.

## Keep up with records

For each record write, and rewrite when it changes, all in one step,

1. exactly one `located`: its place, `place:=everywhere` if it has none. A place that the policy set does not have, or
   of another kind than the attribute asks for, must not be written: deny everything on that record.
2. for each attribute in `users` a tuple for each user in it, none if it has no value. Leave users out whom the policy
   set does not know.
3. for each attribute in `related` one tuple, to the record or user that it names, none if it has no value or one that
   is not of its type. A record of which only the key is known is written itself, as one without attributes.
4. for each relation in `conditions` one tuple for `user:*`, with the condition and the values that `conditions` lists
   under its name, always all of them.
{trees}
A value is what `value_of` names: a text, date, user or place as text; a datetime in UTC, `2026-01-31T08:00:00Z`; a
whole number beyond 2^53 as 2^53; a set as an object of its items, each true. In texts `=` is `=3D`, and each control
character (U+0000 to U+001F, U+007F to U+009F) is likewise `=` and two capital hex digits. `bits_of` is an IP address as
its version, a colon and its bits. An IPv4-mapped IPv6 address is written as the IPv4 address. `state_of` is `known`,
`missing`, `invalid` (not of its type) or, for a set in which an item is missing, `partly`. Without a known value write
`""`, `0`, `false`, `1970-01-01T00:00:00Z` or `{}`.

Nobody but the loader of this bundle may write anything else; other objects than records are the policies' own.

## Ask

Ask whether `user:ID` is in the relation of the action on the record, always with all values under `request` as context.
Those of the request's attributes are written like a record's. The others are instants or days of {timezone}: of now, or
as far `ago` or `later` as they say; months are counted on the calendar of {timezone}, clamped to a month's last day.
Deny where now is before the year 1000 or after 8999. Only a plain yes is a yes; errors are denials.

- **An attribute**: ask for the relation of the action and for that of the attribute under the action. Both must say
  yes.
- **modify**: ask for the action and for each attribute that changes, on the record as it is and again on the record as
  it would be, under an id of its own that ends with `=after`{draft}. All must say yes.
- **create**: ask for the action and for each attribute that has a value, on the proposed record, under an id of its
  own.
- An attribute that asks for a `user with role`: ask also, for each user who is written, whether `user:ID` is `holder`
  of `role:ROLE`.
- An unknown action, resource, attribute or user is a denial.

`policylang.targets.relations.request.question` gives the tuples, the checks and the context of a request in Python.
"""
