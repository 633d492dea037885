"""Identifiers and texts of foreign names: valid, unique, and the same whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policylang.importing.names import identifier, identifiers
from policylang.importing.texts import comment, label, text
from policylang.source import Source
from policylang.syntax.expressions import Text
from policylang.syntax.parser import parse
from tests.helpers import codes

FOREIGN = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('aAbB _-./\n\t"\\#{}éßаеο\u202e\u200b\ufe0f'),
    max_size=80,
)


@given(FOREIGN.filter(bool), st.sampled_from(("resource", "action", "role", "policy", "attribute", "place kind")))
def test_any_name_gives_a_valid_one(name: str, kind: str) -> None:
    found = identifier(name, kind)
    assert found == identifier(name, kind)
    assert found == found.lower()
    assert len(found) <= 60
    assert (
        codes(f"resource {found} {{ {found} : text  actions {found if found != 'all' else 'x'} }}\nrole {found}") == []
    )


@given(st.lists(FOREIGN.filter(bool), max_size=8, unique=True), st.data())
def test_names_are_unique_and_do_not_depend_on_the_order(names: list[str], data) -> None:
    found = identifiers("role", {name: name for name in names}, {})
    assert len(set(found.values())) == len(names)
    assert identifiers("role", {name: name for name in data.draw(st.permutations(names))}, {}) == found


def test_whatever_is_spelt_like_the_name_has_it() -> None:
    keys = dict.fromkeys(("Sales Rep", "sales-rep", "sales_rep", "SalesRep"))
    found = identifiers("role", {key: key for key in keys}, {})
    assert found == {
        "sales_rep": "sales_rep",
        "Sales Rep": "sales_rep_2",
        "SalesRep": "sales_rep_3",
        "sales-rep": "sales_rep_4",
    }


def test_names_given_before_stay() -> None:
    known = {("role", "sales-rep"): "sales_rep", ("role", "gone"): "sales_rep_2"}
    found = identifiers("role", {key: key for key in ("sales-rep", "sales_rep")}, known)
    assert found == {"sales-rep": "sales_rep", "sales_rep": "sales_rep_2"}


def test_names_are_made_to_be_read() -> None:
    names = ("Größe (cm)", "HRManager", "pods/log", "2FA", "system:node", "Tous les écrans", "all", "text")
    assert [identifier(name, "resource") for name in names] == [
        "grosse_cm",
        "hr_manager",
        "pods_log",
        "resource_2fa",
        "system_node",
        "tous_les_ecrans",
        "all_resource",
        "text_resource",
    ]
    assert identifier("销售", "role").startswith("role_")


@given(FOREIGN)
def test_a_text_says_what_it_said(value: str) -> None:
    parsed = parse(Source("a.policy", f"job {text(value)} {{ }}"))
    assert parsed.diagnostics == ()
    code = parsed.file.declarations[0].code
    assert isinstance(code, Text)
    assert code.value == value


@given(FOREIGN)
def test_labels_and_comments_are_harmless(value: str) -> None:
    written = f'{comment(value)}\njob "a" {label(value)} {{ }}\n'
    assert parse(Source("a.policy", written)).diagnostics == ()
    assert len(label(value)) <= 52
    assert written.count("\n") == 2
