"""What a product says otherwise than policy files: one change in each format, names, worlds, and what is not known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policylang.importing import NAMES, find_format
from policylang.importing.drift import Drift, find_drift
from policylang.importing.drift_report import DriftReport, drift_report
from policylang.importing.importing import Import, import_set
from policylang.importing.matching import first_of, said_names
from policylang.importing.origins import given_names
from policylang.importing.reading import InputFile, Inputs, NotThisError
from policylang.ir import nodes as ir
from tests.helpers import compiled
from tests.importing.exporting import read_case
from tests.importing.helpers import NOW, imported
from tests.importing.products import PRODUCTS, Product

TABLE = "Role,Site,Incident\nGuard,view,view\nBoss,modify,\n"


def compare(made: Import, files: ir.PolicySet) -> DriftReport:
    found: Drift = find_drift(files, made, "", NOW, lambda _what: None)
    return drift_report("csv", "p", NOW, found, made.refused, made.accepted, "any", None)


def again(format: str, files: dict[str, str], first: Import) -> Import:
    """An import of the files as they are now, with the names of the first one."""
    assert first.project.ir is not None
    given = Inputs(tuple(InputFile(path, text.encode()) for path, text in sorted(files.items())))
    names = given_names(first.manifest)
    return import_set(find_format(format), given, names=names, like=first.project.ir)


def said(report: DriftReport) -> list[str]:
    return [each.said for each in report.differences]


def test_there_is_a_product_of_each_format() -> None:
    assert list(PRODUCTS) == list(NAMES)


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_a_change_by_hand_is_told_with_its_place(product: Product) -> None:
    first = imported(product.format, product.files)
    assert first.project.ir is not None
    same = compare(again(product.format, product.files, first), first.project.ir)
    assert (same.drift, same.failed, same.differences, same.unmatched) == (False, False, (), ())
    assert product.before in product.files[product.file]
    changed = {**product.files, product.file: product.files[product.file].replace(product.before, product.after)}
    made = again(product.format, changed, first)
    report = compare(made, first.project.ir)
    assert product.said in said(report)
    assert report.failed
    assert any(product.file in origin for origin in report.differences[0].product)


def test_names_are_matched_by_label_and_by_mapping() -> None:
    files = compiled(
        """
        resource site { actions view, modify }
        resource incident { actions view }
        role watch "Guard" { grant view on site  grant view on incident }
        role chief { grant view, modify on site }
        """
    )
    inputs = Inputs((InputFile("a.csv", TABLE.encode()),))
    made = import_set(find_format("csv"), inputs, like=files)
    report = compare(made, files)
    assert [(each.name, each.only_in) for each in report.unmatched] == [("boss", "product"), ("chief", "files")]
    assert report.notes == ("role `chief` is now role `boss`",)
    names = said_names({"role": {"Boss": "chief"}}, "m.yaml")
    made = import_set(find_format("csv"), inputs, names=names, like=files)
    report = compare(made, files)
    assert (report.drift, report.unmatched, report.notes) == (False, (), ())


def test_ids_of_users_are_matched_by_mapping() -> None:
    files = compiled('resource doc { actions view }\nrole r { grant view on doc }\nuser "ann@x" { assign role r }')
    tables = {"a.csv": "Role,Doc\nR,view\n", "b.csv": "User,Role\n4711,R\n"}
    inputs = Inputs(tuple(InputFile(path, text.encode()) for path, text in tables.items()))
    names = said_names({"user": {"4711": "ann@x"}}, "m.yaml")
    assert not compare(import_set(find_format("csv"), inputs, names=names, like=files), files).drift
    report = compare(import_set(find_format("csv"), inputs, like=files), files)
    assert said(report) == [
        "the product lets user `4711` view `doc`, which the files do not",
        "the files let user `ann@x` view `doc`, which the product does not",
    ]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"role": {"A": "x", "B": "x"}}, "would have two names"),
        ({"role": {"A": "x y"}}, "not a valid name for a role"),
    ],
)
def test_mappings_that_cannot_be_meant(names, message: str) -> None:
    with pytest.raises(NotThisError, match=message):
        said_names(names, "m.yaml")


def test_a_mapping_onto_somebody_who_is_there_is_refused() -> None:
    inputs = Inputs((InputFile("b.csv", b"User,Role\n4711,R\nann,R\n"),))
    with pytest.raises(NotThisError, match="also exists"):
        import_set(find_format("csv"), inputs, names={("user", "4711"): "ann"})


def test_what_is_said_first_stands() -> None:
    mapped, earlier = {("role", "A"): "x"}, {("role", "A"): "y", ("role", "B"): "x", ("role", "C"): "z"}
    assert first_of(mapped, earlier) == {("role", "A"): "x", ("role", "C"): "z"}


def test_what_only_policy_files_can_say_is_no_drift() -> None:
    first = imported("csv", {"a.csv": TABLE, "b.csv": "User,Role\nann,Boss\n"})
    more = """
    timezone "America/Denver"
    portals staff
    task look { needs view on site }
    separate view on site from view on incident
    invariant "nobody" { no user with role guard can modify site }
    review role guard every 90 days
    """
    texts = {source.name: source.text for source in first.project.sources.sources}
    texts["roles.policy"] = (
        texts["roles.policy"]
        .replace("role guard", "protected role guard")
        .replace("grant modify", "portal staff  performs look  may assign guard  grant modify")
    )
    files = compiled("\n".join([*texts.values(), more]))
    assert "protected" in texts["roles.policy"]
    assert compare(first, files).differences == ()


def test_places_are_those_of_the_files() -> None:
    tables = {"a.csv": "Role,Doc\nR,view\n", "b.csv": "User,Role,Site\nann,R,HQ\n"}
    first = imported("csv", tables)
    texts = {source.name: source.text for source in first.project.sources.sources}
    texts["world.policy"] = """
    scope region contains site
    place region "North"
    place site "HQ" in "North"
    place site "Annex" in "North"
    """
    files = compiled("\n".join(texts.values()))
    assert compare(first, files).differences == ()


def test_what_a_service_account_has_is_compared_with_the_account() -> None:
    """However many roles it is made of here, which have no names there."""
    case = read_case(Path(__file__).parent / "changes" / "kubernetes.case")
    texts = "\n".join(source.text for source in case.first.project.sources.sources)
    for role in ("access_of_dev_deployer", "tester_in_dev_alone"):
        texts, found = re.subn(rf"(?ms)^role {role}\b.*?\}}\n", "", texts)
        assert found == 1
    fewer = compiled(texts.replace("  role access_of_dev_deployer\n", "  role reader\n"))
    assert said(compare(case.first, fewer)) == [
        "the product lets integration `deployer_in_dev` create `pods`, which the files do not"
    ]


def test_there_is_never_no_drift_where_something_is_refused() -> None:
    tables = {"a.csv": TABLE.replace("modify", "perhaps")}
    first = imported("csv", tables)
    assert first.project.ir is not None
    report = compare(first, first.project.ir)
    assert (report.differences, report.drift, report.failed) == ((), True, True)
    accepted = imported("csv", tables, accepted=["cell"])
    report = compare(accepted, first.project.ir)
    assert (report.drift, report.failed, len(report.accepted)) == (False, False, 1)
