"""Odoo: access lists, record rules and groups of its modules, and users."""

from __future__ import annotations

from policylang.importing.format import ImportFormat
from policylang.importing.odoo.manifests import NAMES as MANIFESTS
from policylang.importing.odoo.patch import patch
from policylang.importing.odoo.read import read

FORMAT = ImportFormat(
    name="odoo",
    title="Odoo",
    inputs="modules, or their files: `ir.model.access.csv` or `ir.access.csv`, and XML with groups, rules and users",
    suffixes=(".csv", ".xml", *MANIFESTS),
    maps={
        "a model": "a resource with the actions `read`, `write`, `create`, `unlink`, each decided on the record as it "
        "is",
        "a group; `implied_ids`, or `implied_by_ids` of another": "a role; roles inside it",
        "a row of `ir.model.access.csv`": "a grant, in the role of the group; without a group, in a role of everybody",
        "a rule with groups, or that groups name in `rule_groups`": "a policy, in the roles of these groups; any rule "
        "of a role is enough",
        "a rule without a group": "a deny for everyone, wherever the rule does not hold",
        "a row of `ir.access.csv` with a group": "a grant with its policy",
        "a row of `ir.access.csv` without a group": "a deny for everyone, wherever its domain does not hold",
        "a group that shows all records of a model, where another group shows fewer": "a policylang group for those "
        "who are in this one alone, and nothing of the model in the role: who is in both sees fewer, and roles only "
        "add",
        "`__manifest__.py`": "which files of a module are read, and in which order: those in `data`. Without it all "
        "are",
        "a user": "a user with the roles, or in a group for exactly these groups of Odoo where the roles are not "
        "enough",
        "`user.id`, `user.partner_id.id` in a domain": "the assigned user, and attributes of users",
        "`order_id.user_id` in a domain": "an attribute `order_id_user_id` of the record",
        "`company_ids`, `company_id` in a domain": "attributes of users: the companies that somebody works in just "
        "now, at first all of the user",
        "a field without a value": "a missing value, for which `!=` and `not in` hold",
        "the id of a record": "a text",
        "`_inherits` of a model, by which rules of its parent limit it as well": "nothing: it is in Python code, which "
        "is not read. Add the limit to the imported files",
    },
    refuses={
        "operator": "an operator of domains such as `child_of`, `any` or `ilike`, or a comparison of sizes after `!`",
        "call": "a call in a domain: it would have to be run",
        "domain": "a domain that is not a list of terms, or has values that are computed",
        "path": "a negative test through another record: versions of Odoo differ where that record is missing, so "
        "there it does not hold",
        "type": "a field whose type cannot be told, or that is compared with what is not of its type",
        "value": "a value of a field that cannot be read",
        "row": "a row or record that does not say what it is about",
        "elsewhere": "a change of a rule or row of a module that is not in the input: what that is about is not known. "
        "Import that module too",
        "comment": "a row whose id begins with `#`: it was meant as a comment, and Odoo reads it",
        "order": "one record that several files describe differently: which one is loaded last is not known, unless "
        "`__manifest__.py` says so",
        "removal": "a record that `<delete>` or `<function>` changes",
        "kind": "a restriction of a group, or a permission without one",
        "circle": "groups that imply each other",
        "unclear-group": "a group or user with a group that is not known, and so its rules are not",
        "kinds-of-users": "a user who is internal, portal and public user at once, which Odoo does not allow",
    },
    leaves_out={
        "undefined-group": "a group of a module that is not in the input: it is a role, but what it implies is not "
        "known. Import that module too",
        "combined": "what the role of a group does not give: whoever is in another group too sees less, and roles "
        "only add",
        "not-loaded": "a file about access that its module does not load, or as demo data only",
        "overwritten": "a row or record whose id appears again further down",
        "inactive": "records that are not active",
        "nothing": "a row that gives no operation",
        "template": "accounts that new users are copied from",
        "superuser": "the account that Odoo's own code runs as; nobody logs in as it",
    },
    silent={
        "PL305": "Odoo holds no reasons for group memberships",
        "PL308": "groups for exactly these groups of Odoo repeat what their roles hold",
        "PL402": "Odoo's access lists are of whole records",
        "PL406": "modules define groups, and seldom users",
        "PL604": "Odoo holds no reviews",
        "PL701": "Odoo's models have no labels in these files",
        "PL702": "modules define groups for users who are somewhere else",
    },
    read=read,
    patch=patch,
    writes={
        "grant": "an operation of an access list in CSV or XML, or a new row",
        "role": "the record of a group more or less, with its rows of access lists",
        "inside": "`implied_ids`",
        "assignment": "the groups of a user, in the record of the user or of the group, or a new user",
        "member": "the same, for all groups of Odoo that a group is made of",
        "limit": "the groups of a rule, or a new rule; in `ir.access.csv` the domain of the rows",
        "condition": "the domain of the rule, or of the row of `ir.access.csv`",
        "everyone": "a rule without groups; in `ir.access.csv` the row without a group, if it is there",
    },
    by_hand={
        "fields": (
            "which fields somebody sees is in Odoo's Python code and views",
            "change `groups` of the field there",
        ),
        "deny": ("groups of Odoo only add", "take the grants away that it is to narrow"),
        "dates": ("memberships of groups have no dates", "add and take away the assignment itself"),
        "person": ("what else is said of users is not written", "change it in the record of the user"),
        "job": ("Odoo's users have no jobs in these files", "assign the roles to the users"),
        "integration": ("Odoo knows users only", "make it a user"),
        "own": ("users have groups and nothing else", "make a role of it"),
    },
)
