"""What is offered at a place: what the grammar lets follow, and names of the right kind."""

from __future__ import annotations

import pytest

from policylang.editor.completion import complete
from policylang.editor.edited_set import EditedSet
from policylang.editor.folders import Folders
from policylang.editor.positions import offset_at
from policylang.source import Source
from tests.editor.test_edits import URI

SET = """\
scope region contains site
place region "North"
place site "HQ" in "North"
subject { level : one of low, high }
request { channel : one of ui, api }
resource customer "Customer" {
  name : text
  created : datetime
  rep : user with role rep
  status : one of lead, active
  vip : bool
  actions view, modify
}
resource order "Order" { customer : customer  actions view, pay }
policy newer(age: duration) "Newer" on any resource with created { created within age }
policy own "Own" on customer { rep is assigned user }
role rep "Rep" { grant view on customer }
group sales "Sales" { role rep }
task work "Work" { needs view on customer }
job "J" "Job" { role rep }
user "ann" in sales { level : low }
feature extra "Extra" on
"""


@pytest.fixture(scope="module")
def of() -> EditedSet:
    folders = Folders()
    folders.open_files.open(URI, SET)
    folders.assign()
    (only,) = folders.sets
    assert only.project.diagnostics == ()
    return only


def offered(of: EditedSet, text: str, *, snippets: bool = False) -> list[str]:
    """What is offered at `|` behind the set."""
    before, _, behind = text.partition("|")
    source = Source("a.policy", SET + before + behind)
    found = complete(of, source, len(SET) + len(before), snippets=snippets)
    return [item.label for item in found.items]


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("|", ["role", "policy", "resource"], ["grant", "customer"]),
        ("ro|", ["role"], ["grant"]),
        ("role x { |", ["grant", "deny", "policy", "portal"], ["resource", "user"]),
        ("role x { grant view on |", ["customer", "order"], ["rep", "sales", "view"]),
        ("role x { grant | on order }", ["view", "pay", "all"], ["modify"]),
        ("role x { grant view, | on customer }", ["modify"], ["pay"]),
        ("role x { grant view on customer (|", ["name", "status"], ["customer"]),
        ("role x { grant view on customer except name, |", ["status"], ["pay"]),
        ("role x { policy |", ["newer", "own"], ["rep"]),
        ("role x { role |", ["rep"], ["sales"]),
        ("role x { performs |", ["work"], ["rep"]),
        ("role x { portal |", ["admin", "staff"], []),
        ("role x { may assign |", ["rep"], ["sales"]),
        ('user "x" in |', ["sales"], ["rep"]),
        ('user "x" job |', ["J"], ["ann"]),
        ('user "x" { assign role rep at |', ["region", "site"], ["HQ"]),
        ('user "x" { assign role rep at site |', ["HQ"], ["North"]),
        ('user "x" { assign role rep at site "|', ["HQ"], ["North", "approved"]),
        ('user "x" { assign role rep approved by |', ["ann"], ["HQ"]),
        ('user "x" { |', ["level", "append", "assign"], ["name"]),
        ('user "x" { level : |', ["low", "high"], ["lead"]),
        ("policy x on |", ["customer", "any"], ["rep"]),
        ("policy x on customer for |", ["view", "modify"], ["pay"]),
        ("policy x on customer { |", ["name", "status", "assigned user", "request.channel", "not"], ["pay", "all"]),
        ("policy x on customer { status is |", ["lead", "active", "not", "missing"], ["low"]),
        ("policy x on customer { status in [lead, |", ["active"], ["low"]),
        ("policy x on customer { vip is |", ["true", "false"], ["lead"]),
        ("policy x on customer { rep is |", ["ann", "assigned user"], ["HQ"]),
        ("policy x on customer { created within 3 |", ["days", "months"], ["name"]),
        ("policy x on customer { name is missing and |", ["status", "created"], []),
        ("policy x on customer { rep.|", ["level"], ["name"]),
        ("policy x on customer { assigned user.|", ["level"], ["name"]),
        ("policy x on customer { request.|", ["channel"], ["name"]),
        ("policy x on customer { request.channel is |", ["ui", "api"], ["lead"]),
        ("policy x on order { customer.|", ["name", "status"], ["level"]),
        ("policy x on order { customer.status is |", ["lead"], ["low"]),
        ("policy x(age: duration) on customer { created within |", ["age"], []),
        ("role x { policy newer(|", ["30 days"], ["name"]),
        ("resource x { a : |", ["text", "customer", "region", "set", "one"], ["rep"]),
        ("resource x { action y requires |", ["superuser", "view"], ["customer"]),
        ("resource x { action y requires feature |", ["extra"], ["rep"]),
        ("resource x { actions a like |", ["view", "modify"], ["customer"]),
        ("deny | on order", ["pay", "all"], ["modify"]),
        ('invariant "x" { no user with role |', ["rep"], ["sales"]),
        ('invariant "x" { no user in |', ["sales"], ["rep"]),
        ('invariant "x" { no user can view |', ["customer"], ["rep"]),
        ('invariant "x" { no user can view customer where { |', ["status"], ["pay"]),
        ("separate | on customer", ["view", "modify"], ["pay"]),
        ("separate view on customer from pay on |", ["order"], ["rep"]),
        ("review role |", ["rep"], ["sales"]),
        ("integration x { objects |", ["customer"], ["rep"]),
        ("role x { # |", [], ["grant"]),
        ("role |", [], ["rep"]),
    ],
)
def test_offered(of: EditedSet, text: str, wanted: list[str], unwanted: list[str]) -> None:
    found = offered(of, text)
    assert [name for name in wanted if name not in found] == []
    assert [name for name in unwanted if name in found] == []


def test_policies_with_parameters_have_places_to_fill_in(of: EditedSet) -> None:
    source = Source("a.policy", SET + "role x { policy ")
    found = complete(of, source, len(source.text), snippets=True)
    texts = [item.text_edit.new_text for item in found.items if item.text_edit is not None]
    assert "newer(${1:age}) on ${2:resource}" in texts


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ('"|"', '"HQ"'),
        ('"H|"', '"HQ"'),
        ('"|H"', '"HQ"'),
        ('"H|Q" because "x"', '"HQ" because "x"'),
        ('"H|" because "x"', '"HQ" because "x"'),
        ('"H| because "x"', '"HQ" because "x"'),
        ('"|', '"HQ"'),
        ("|", '"HQ"'),
    ],
)
def test_a_text_is_closed_once(of: EditedSet, text: str, made: str) -> None:
    start = SET + 'user "x" { assign role rep at site '
    before, _, behind = text.partition("|")
    source = Source("a.policy", start + before + behind)
    found = complete(of, source, len(start + before), snippets=False)
    (item,) = (each for each in found.items if each.label == "HQ")
    assert item.text_edit is not None
    where = item.text_edit.range
    first, last = (offset_at(source, each, of.encoding) for each in (where.start, where.end))
    assert source.text[:first] + item.text_edit.new_text + source.text[last:] == start + made


def test_lines_that_cannot_be_read_are_passed_over(of: EditedSet) -> None:
    assert "customer" in offered(of, "role x {\n  grnt view\n  grant view on |\n}\n")
    assert "customer" in offered(of, "role y { grant }\nrole x {\n  grant view on |")


def test_blocks_that_are_not_indented(of: EditedSet) -> None:
    assert "customer" in offered(of, "group x {\nrole rep\ngrant view on |\n}\n")


def test_of_too_many_names_those_that_fit_the_word() -> None:
    names = "".join(f"role r{number} {{ grant view on doc }}\n" for number in range(700))
    folders = Folders()
    folders.open_files.open(URI, "resource doc { actions view }\n" + names)
    folders.assign()
    (of,) = folders.sets
    end = "role x { role "
    for word, first, count in (("", "r0", 500), ("r69", "r69", 11), ("99", "r99", 7)):
        source = Source("a.policy", f"{names}{end}{word}")
        found = complete(of, source, len(source.text), snippets=False)
        assert found.is_incomplete
        assert (found.items[0].label, len(found.items)) == (first, count)
