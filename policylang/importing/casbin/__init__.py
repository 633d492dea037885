"""Casbin: a model and its policy as CSV. RBAC, RBAC with domains, access lists, with and without denies."""

from __future__ import annotations

from policylang.importing.casbin.read import read
from policylang.importing.format import ImportFormat

FORMAT = ImportFormat(
    name="casbin",
    title="Casbin",
    inputs="a model (`.conf`) and its policy (`.csv`), both by their names or in one folder",
    suffixes=(".conf", ".csv"),
    maps={
        "`p, sub, obj, act`": "`grant act on obj`, in the role `sub`",
        "`p, …, deny` with `some(where (p.eft == allow)) && !some(where (p.eft == deny))`": "`deny act on obj`",
        "`g, user, role`": "`assign role role`",
        "`g, role, role`": "a role inside a role; roles in a circle share one that holds what all of them have",
        "a subject that is nobody's role": "a user; grants of its own in a role of that user alone",
        "an object": "a resource",
        "a domain": "a place, and the attribute `domain` of every resource",
        "a role with other grants in each domain": "one role for each domain",
        "`!some(where (p.eft == deny))`": "a role with everything that the policy names, for every user that it names",
    },
    refuses={
        "model": "a matcher, an effect or a definition that is none of the above, such as `keyMatch`, `eval` or "
        "priorities: what the rows of the policy mean is not known, so nothing is imported",
        "row": "a row that cannot be read, which Casbin refuses too. In a model with denies it may have been one, so "
        "nothing is imported",
        "too-deep": "roles more than 9 links away from a user, which Casbin does not look for: the user gets no access",
        "allowed-by-default": "with `!some(where (p.eft == deny))`, users, objects and actions that the policy does "
        "not name: Casbin allows them, the policy set knows and allows only what is named",
    },
    leaves_out={
        "no-effect": "a row whose effect is neither `allow` nor `deny`: Casbin takes no notice",
        "undefined": "rows of a kind that the model does not define: Casbin does not read them",
        "star": "what a `*` in a name would match by functions that a program adds to Casbin in its code: the model "
        "says nothing of them, so the name is that name alone",
        "further-fields": "fields after those of `g`",
    },
    silent={
        "PL305": "Casbin holds no reasons for assignments",
        "PL402": "Casbin's grants are of whole objects",
        "PL604": "Casbin holds no reviews",
        "PL701": "Casbin has no labels",
    },
    read=read,
)
