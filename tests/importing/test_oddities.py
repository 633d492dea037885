"""The same product in every spelling of files that there is: it says the same, and changes of it are written back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policylang.importing import find_format
from policylang.importing.drift import find_drift
from policylang.importing.importing import import_set
from policylang.importing.origins import given_names
from policylang.importing.patching import Proved
from policylang.importing.reading import NotThisError
from tests.importing.exporting import export, inputs
from tests.importing.helpers import NOW, imported
from tests.importing.products import PRODUCTS

SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "with a byte order mark": lambda text: text.encode("utf-8-sig"),
    "with line breaks of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "in UTF-16": lambda text: text.encode("utf-16"),
    "without a last line break": lambda text: text.rstrip("\n").encode(),
    "with 50,000 empty lines": lambda text: text.encode() + b"\n" * 50_000,
    "with a line of 200 KB": lambda text: text.encode() + b" " * 200_000 + b"\n",
}
NAMES = [name for name in PRODUCTS if name != "postgres"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_files_say_the_same_however_they_are_written(name: str, spelling: str) -> None:
    if (name, spelling) == ("odoo", "with a line of 200 KB"):
        pytest.skip("a row of blanks is a row to Odoo")
    product = PRODUCTS[name]
    files = {path: SPELLINGS[spelling](text) for path, text in product.files.items()}
    plain = imported(product.format, dict(product.files))
    assert plain.project.ir is not None
    made = import_set(
        find_format(product.format), inputs(files), names=given_names(plain.manifest), like=plain.project.ir
    )
    assert made.refused == plain.refused
    assert find_drift(plain.project.ir, made, "", NOW, lambda _what: None).found == ()
    if find_format(product.format).patch is not None:
        changed = {**product.files, product.file: product.files[product.file].replace(product.before, product.after)}
        wanted = imported(product.format, dict(changed))
        assert wanted.project.ir is not None
        found = export(product.format, files, wanted.project.ir, wanted)
        assert isinstance(found, Proved), found
        made_bytes = {each.path: each.data for each in found.after.files}
        assert made_bytes == {path: SPELLINGS[spelling](text) for path, text in changed.items()}


LAUGHS = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [LAUGHS, OUTSIDE])
@pytest.mark.parametrize(
    ("format", "path", "body"),
    [
        ("odoo", "m/g.xml", '<odoo><record id="g" model="res.groups"><field name="name">&{};</field></record></odoo>'),
        ("salesforce", "A.permissionset", "<PermissionSet><label>&{};</label></PermissionSet>"),
    ],
)
def test_xml_with_entities_of_its_own_is_not_read(head: str, format: str, path: str, body: str) -> None:
    for used in ("a", "amp"):
        with pytest.raises(NotThisError, match="entities"):
            imported(format, {path: head + body.format(used)})


def test_yaml_that_grows_is_not_read() -> None:
    grows = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    found = imported("kubernetes", {"a.yaml": f"{grows}---\n{PRODUCTS['kubernetes'].files['rbac.yaml']}"})
    assert [each.code for each in found.refused] == ["unreadable"]
