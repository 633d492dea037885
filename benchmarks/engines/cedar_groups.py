"""Groups that each limit one kind of record in names of their own: as policylang, and as Cedar policies with a schema.

A group grants `view` and `modify` on its kind of record, limited by its department and by age; one of its users has a
third policy appended. In Cedar that is a permit for the group, a forbid for the user, and a context that brings the
present as a number, as Cedar has no clock.
"""

from __future__ import annotations

KINDS = 40

_HEAD = """timezone "Europe/Paris"
subject { department : text }
policy of_department(name: text) "Records of a department" on any resource with department { department is name }
policy newer_than(age: duration) "Created recently" on any resource with created { created within age }
policy below(most: int) "Small amounts" on any resource with amount { amount < most }
"""
_ATTRIBUTES = """  created : datetime
  owner : user
  department : text
  status : one of draft, open, closed
  amount : int
"""
_DAY = 86_400_000


def _group(n: int) -> tuple[int, int, int]:
    """The kind of record of a group, the days that its records are seen for, and the amount of its careful user."""
    return n % KINDS, (7, 14, 30, 60, 90, 180, 365)[n % 7], 100 * (1 + n % 49)


def policy_text(groups: int) -> str:
    """The policy set of that many groups."""
    text = [_HEAD]
    for kind in range(KINDS):
        text.append(f'resource record_{kind} "Records of kind {kind}" {{\n{_ATTRIBUTES}  actions view, modify\n}}\n')
    for n in range(groups):
        kind, days, amount = _group(n)
        text.append(
            f'group group_{n} "Group {n}" {{\n  grant view, modify on record_{kind}\n'
            f'  policy of_department("Department {n}") on record_{kind}\n'
            f"  policy newer_than({days} days) on record_{kind}\n}}\n"
            f'user "u{n}@groups.test" in group_{n} {{\n  department : "Department {n}"\n'
            f"  append policy below({amount}) on record_{kind}\n}}\n"
        )
    return "".join(text)


def cedar_policies(groups: int) -> str:
    """The same as Cedar policies: for each group a permit, and a forbid for its user."""
    text = []
    for n in range(groups):
        kind, days, amount = _group(n)
        actions = f'action in [Action::"view record_{kind}", Action::"modify record_{kind}"], resource is Record_{kind}'
        text.append(
            f'permit(principal in Group::"group_{n}", {actions})\n'
            f'when {{ resource.department == "Department {n}" && resource.created <= context.now '
            f"&& resource.created >= context.now - {days * _DAY} }};\n"
            f'forbid(principal == User::"u{n}@groups.test", {actions})\n'
            f"unless {{ resource.amount < {amount} }};\n"
        )
    return "".join(text)


def cedar_schema() -> str:
    """The schema of these policies: users, groups, and the kinds of records with their actions."""
    text = ["entity Group;\nentity User in [Group] { department: String };\n"]
    for kind in range(KINDS):
        text.append(
            f"entity Record_{kind} "
            "{ created: Long, owner: User, department: String, status: String, amount: Long };\n"
            f'action "view record_{kind}", "modify record_{kind}" appliesTo '
            f"{{ principal: [User], resource: [Record_{kind}], context: {{ now: Long }} }};\n"
        )
    return "".join(text)
