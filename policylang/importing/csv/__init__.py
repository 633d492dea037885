"""CSV and spreadsheets: matrices of roles and permissions, lists of who has which role, exports of people."""

from __future__ import annotations

from policylang.importing.csv.learn import learn
from policylang.importing.csv.mapping import Mapping
from policylang.importing.csv.patch import patch
from policylang.importing.csv.read import read
from policylang.importing.format import ImportFormat

FORMAT = ImportFormat(
    name="csv",
    title="CSV and spreadsheets",
    inputs="tables as `.csv`, `.tsv` or `.xlsx`",
    suffixes=(".csv", ".tsv", ".xlsx", ".xlsm"),
    maps={
        "a row for each permission, a column for each role": "`grant action on resource` for each cross",
        "a row for each role, a column for each permission": "the same",
        "a cell with a level, such as view or modify": "a grant of the actions that the level stands for",
        "a cell that says deny": "`deny`, which takes the action from whoever has the role",
        "a row for one role and one permission": "a grant",
        "a row for each user, a column for each role": "`assign role` for each cross",
        "a row for each person and role, with site, dates and reason": "a user; `assign role … at … from … until …`",
        "a site": "a place, and an attribute of every resource that says where a record lives",
        "a group, a job code": "`in group`, `job`; the roles of a job code from a table of jobs",
        "terminated, superuser": "`terminated user`, `superuser user`",
        "other columns about people that the mapping names": "attributes in `subject`",
    },
    refuses={
        "cell": "a word that is neither yes, no nor a known level: it counts as no. `yes`, `no` and `levels` in the "
        "mapping say what it stands for",
        "formula": "a formula: nothing is evaluated, so the cell counts as no, and a person with one has no access",
        "no-name": "a row or a column with something in it and without the name that it is about: it is not read",
        "column-unclear": "a column next to the marks that holds other words: it may be a role or a permission; or one "
        "that may limit what its rows give, such as a second place or a second last day: a row with something in it "
        "gives nothing but denies, and a person with one has no access. The mapping says which columns count",
        "column-twice": "a second column of the same name: it is not read",
        "date": "a day that could be another one, such as 01/02/2026, or none: the role is not given",
        "status": "a status that is not known: the person counts as terminated",
        "termination-date": "a day on which somebody leaves or has left: the person counts as terminated from now on",
        "two-groups": "a person in two groups: nobody is, so this one has no access",
        "two-jobs": "a person with two job codes: this one has no access",
        "two-values": "a person with two values of an attribute: this one has no access",
    },
    leaves_out={
        "empty-cell": "empty cells: they mean no",
        "column": "columns that are about nothing known; the mapping can name them",
        "table": "tables that are about nothing known",
        "comment": "rows that begin with `#`",
        "second-name": "another name of the same person",
    },
    silent={
        "PL305": "tables seldom hold reasons for roles",
        "PL402": "tables hold no conditions on records",
        "PL604": "tables hold no reviews",
        "PL701": "names are those in the tables",
    },
    read=read,
    mapping=Mapping,
    learn=learn,
    patch=patch,
    writes={
        "grant": "marks and levels of a matrix, new rows for permissions, and rows of grants",
        "deny": "the word for a deny as a mark",
        "role": "a row of a table of roles or grants; a matrix has to have its column",
        "assignment": "marks in a table of members, rows and cells of a table of people; not at a place",
    },
    by_hand={
        "fields": ("tables hold no attributes of resources", "grant it without attributes"),
        "everyone": ("tables hold no denies for everyone", "deny it in every role, or take the grants away"),
        "limit": ("tables hold no conditions", "keep the policy in policy files, and import into them with `--into`"),
        "condition": (
            "tables hold no conditions",
            "keep the policy in policy files, and import into them with `--into`",
        ),
        "inside": ("tables hold no roles inside roles", "give the outer role the grants of the inner one"),
        "dates": ("dates are not written", "write them in the row of the person"),
        "member": ("groups are not written", "write it in the row of the person"),
        "person": ("what else is said of people is not written", "write it in the row of the person"),
        "job": ("roles of jobs are not written", "change the table of jobs"),
        "integration": ("tables hold no integrations", "keep it in policy files, and import into them with `--into`"),
        "own": ("people have roles and nothing else in tables", "make a role of it"),
    },
)
