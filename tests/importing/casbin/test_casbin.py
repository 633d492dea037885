"""Casbin: what is refused and where, and what is written."""

from __future__ import annotations

import pytest

from tests.importing.casbin.test_oracle import ALLOW, DENY, enforcer_of, model
from tests.importing.helpers import NOW, asked, codes, imported, text

RBAC = model(False, ALLOW, True, False)
DENIES = model(False, f"{ALLOW} && {DENY}", True, True)


def of(csv: str | bytes, conf: str = RBAC):
    return imported("casbin", {"model.conf": conf, "policy.csv": csv})


def noted(made) -> list[tuple[str, str]]:
    return [(note.code, str(note.origin)) for note in made.refused]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("r.obj == p.obj", "keyMatch(r.obj, p.obj)"), 10),
        (("r.act == p.act", 'r.act == p.act || r.sub == "root"'), 10),
        (("r.act == p.act", "eval(p.act)"), 10),
        ((" && r.act == p.act", ""), 10),
        ((ALLOW, "priority(p.eft) || deny"), 8),
        (("p = sub, obj, act", "p = priority, sub, obj, act"), 4),
        (("g = _, _", "g = _, _\ng2 = _, _"), 7),
        (("[matchers]\nm =", "[matchers]\nm2 ="), 10),
        (("g = _, _", "g = _, _, _"), 10),
        ((" && r.act == p.act", " & & true"), 10),
    ],
)
def test_other_models_are_refused_where_they_say_it(change, line: int) -> None:
    made = of("p, admin, data1, read\ng, ann, admin\n", RBAC.replace(*change))
    assert noted(made) == [("model", f"model.conf:{line}")]
    assert not made.project.sources.sources


@pytest.mark.parametrize("mark", ["#", ";"])
def test_comments_in_a_model(mark: str) -> None:
    """Versions of Casbin differ on what comes after a comment inside a definition: it may narrow."""
    rows = "p, admin, data1, read\ng, ann, admin\n"
    ends = RBAC.replace("p = sub, obj, act", f"{mark} a note \\\np = sub, obj, act {mark} a note")
    assert codes(of(rows, ends)) == []
    assert "grant read on data1" in text(of(rows, ends), "roles.policy")
    inside = RBAC.replace("r.act == p.act", f'r.act == p.act {mark} a note \\\n && r.sub != "ann"')
    assert noted(of(rows, inside)) == [("model", "model.conf:10")]
    after = RBAC.replace(" && r.act == p.act", f" && \\\n r.act == p.act {mark} a note")
    assert codes(of(rows, after)) == []


def test_what_is_not_supported_is_told_as_it_is_written() -> None:
    made = of("p, admin, data1, read\n", RBAC.replace("r.act == p.act", 'r.act == p.act || r.sub == "root"'))
    said = 'the matcher says `r.act == p.act || r.sub == "root"`, which is not supported'
    assert [note.message for note in made.refused] == [said]


def test_a_second_kind_of_roles_is_not_called_a_repetition() -> None:
    made = of("p, admin, data1, read\n", RBAC.replace("g = _, _", "g = _, _\ng2 = _, _"))
    assert made.refused[0].message == "`g2` is one more definition of its kind, which is not supported"


def test_a_model_may_be_spelt_otherwise() -> None:
    conf = """\
# RBAC
[request_definition]
r = subject , object, action
[policy_definition]
p = action, subject, object
[role_definition]
g = _,_

[policy_effect]
e = some( where (p_eft==allow) )
[matchers]
m = (p.action == r.action) && \\
  g(r.subject,p.subject) && r.object==p.object   # as usual
"""
    made = of("p, read, admin, data1\ng, ann, admin\n", conf)
    assert codes(made) == []
    assert asked(made).allows("ann", "read", "data1", {}, now=NOW)


@pytest.mark.parametrize("row", ["p, a, b", "p, a, b, c, d", "p, a, , c", "g, ann", 'p, "a", b, c', "p, a), b, c"])
def test_a_row_that_cannot_be_read_is_refused(row: str) -> None:
    made = of(f"{row}\np, ann, data1, read\n")
    assert noted(made) == [("row", "policy.csv:1")]
    assert asked(made).allows("ann", "read", "data1", {}, now=NOW)


def test_beside_denies_a_row_that_cannot_be_read_may_have_been_one() -> None:
    made = of("p, ann, data1, read\np, ann, data1, read, allow\n", DENIES)
    assert noted(made) == [("row", "policy.csv:1")]
    assert not made.project.sources.sources


def test_what_has_no_effect_is_said() -> None:
    made = of("p, ann, data1, read, perhaps\np, ann, data1, read, allow\nq, x\ng, ann, boss, more\n", DENIES)
    assert [(note.code, str(note.origin)) for note in made.left_out] == [
        ("no-effect", "policy.csv:1"),
        ("undefined", "policy.csv:3"),
        ("further-fields", "policy.csv:4"),
    ]


def test_roles_farther_away_than_casbin_looks_give_no_access_at_all() -> None:
    chain = "".join(f"g, r{number}, r{number + 1}\n" for number in range(1, 10))
    near, far = f"g, ann, r1\n{chain}p, r9, data1, read, allow\n", f"g, ann, r1\n{chain}p, r10, data1, read, deny\n"
    assert codes(of(near.replace("g, r9, r10\n", ""), DENIES)) == []
    made = of(f"{far}p, ann, data1, read, allow\n", DENIES)
    assert noted(made) == [("too-deep", "policy.csv:1")]
    assert "ann" not in made.imported.users
    assert enforcer_of(DENIES, near).enforce("ann", "data1", "read")


def test_a_role_of_one_domain_is_not_that_of_another() -> None:
    conf = model(True, ALLOW, True, False)
    made = of("p, admin, north, data1, read\ng, ann, admin, north\ng, ann, admin, south\n", conf)
    here = asked(made)
    assert here.allows("ann", "read", "data1", {"domain": "north"}, now=NOW)
    assert not here.allows("ann", "read", "data1", {"domain": "south"}, now=NOW)


def test_one_role_where_the_domains_agree() -> None:
    conf = model(True, ALLOW, True, False)
    rows = "".join(f"p, admin, {d}, data1, read\ng, {u}, admin, {d}\n" for d, u in (("north", "ann"), ("south", "bo")))
    assert text(of(rows, conf), "roles.policy").splitlines()[1:] == ["role admin { grant read on data1 }"]


def test_names_are_kept_as_labels() -> None:
    made = of("p, Büro/Leitung, Customer Files, Read All\np, büro leitung, data1, read\ng, a, Büro/Leitung\n")
    assert 'role buro_leitung "Büro/Leitung" { grant read_all on customer_files }' in text(made, "roles.policy")


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffp, ann, data1, read\r\n".encode(),
        "p, ann, data1, read".encode("utf-16"),
        b"# caf\xe9\rp, ann, data1, read\r",
        b"p, ann, data1, read\np, ann, " + b"x" * 200_000 + b", read\n",
        b"p, ann, data1, read\np, ann, \xe2\x80\xae\x00\x1b[31m, read\n",
    ],
)
def test_oddities_of_files(data: bytes) -> None:
    assert asked(of(data)).allows("ann", "read", "data1", {}, now=NOW)
