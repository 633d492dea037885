"""`policylang export`: what is written, what is shown, what is refused, and that nothing else is touched."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.cli.checking import policylang

NOW = ("--now", "2026-11-21T12:00:00Z")
ACCESS = "Screen,Function,Guard,Manager\r\nSite,View,x,x\r\n,Modify,,x\r\nShift,View,x,x\r\n"
PEOPLE = "User,Role\nann,Guard\nbo,Manager\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in/deep").mkdir(parents=True)
    Path("in/deep/access.csv").write_bytes(ACCESS.encode())
    Path("in/people.csv").write_text(PEOPLE)
    assert policylang("import", "csv", "in", "-o", "pol").exit_code == 0


def change(old: str = "grant view on site\n", new: str = "grant view, modify on site\n", file: str = "roles") -> None:
    path = Path(f"pol/{file}.policy")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def export(*options: str):
    return policylang("export", "--from", "csv", "--policies", "pol", *NOW, *options)


def test_nothing_is_written_without_a_change() -> None:
    before = Path("in/deep/access.csv").stat().st_mtime_ns
    result = export("--onto", "in")
    assert (result.exit_code, result.stdout) == (0, "nothing to write: the product says what the policy files say\n")
    assert Path("in/deep/access.csv").stat().st_mtime_ns == before


def test_a_change_is_written_in_place() -> None:
    change()
    result = export("--onto", "in")
    assert (result.exit_code, result.stdout) == (
        0,
        "deep/access.csv: role guard: grant modify on site\n"
        "wrote 1 file to in: the product now says what the policy files say\n",
    )
    assert Path("in/deep/access.csv").read_bytes() == ACCESS.replace(",Modify,,x", ",Modify,x,x").encode()
    assert Path("in/people.csv").read_text() == PEOPLE
    drift = policylang("drift", "--from", "csv", "in", "--policies", "pol", *NOW)
    assert drift.stdout == "no drift, as of 2026-11-21T12:00:00Z\n"


def test_changed_files_alone_are_written_elsewhere() -> None:
    change()
    assert export("in", "--onto", "out").exit_code == 0
    assert [path.as_posix() for path in Path("out").rglob("*") if path.is_file()] == ["out/deep/access.csv"]
    assert Path("in/deep/access.csv").read_bytes() == ACCESS.encode()


def test_a_change_is_shown() -> None:
    change()
    result = export("--onto", "in", "--diff")
    assert result.exit_code == 1
    assert "-,Modify,,x\n+,Modify,x,x\n" in result.stdout
    assert Path("in/deep/access.csv").read_bytes() == ACCESS.encode()
    assert export("in", "--onto", "in", "--diff").stdout == result.stdout


@pytest.mark.parametrize(
    ("inside", "before", "said"),
    [
        ("", "role other { grant view on site }\n", "`role other: grant view on site`"),
        (
            "  policy noon\n",
            "policy noon on site { request.at is present }\n",
            "`role guard: policy noon on site`: tables hold no conditions",
        ),
    ],
)
def test_what_cannot_be_expressed_writes_nothing(inside: str, before: str, said: str) -> None:
    Path("pol/request.policy").write_text("request { optional at : text }\n")
    change("grant view on site\n", f"grant view on site\n{inside}")
    change("role guard", f"{before}role guard")
    result = export("--onto", "in")
    assert result.exit_code == 1
    assert said in result.stdout
    assert result.stdout.startswith("cannot be expressed: pol/roles.policy:")
    assert "nothing was written" in result.stdout
    assert Path("in/deep/access.csv").read_bytes() == ACCESS.encode()


def test_archives_are_not_changed() -> None:
    with zipfile.ZipFile("in.zip", "w") as archive:
        archive.writestr("deep/access.csv", ACCESS)
        archive.writestr("people.csv", PEOPLE)
    assert export("in.zip", "--onto", "out").exit_code == 0
    change()
    result = export("in.zip", "--onto", "out")
    assert (result.exit_code, "unpack it" in result.stderr) == (2, True)
    assert not Path("out").exists()


def test_formats_that_are_only_read() -> None:
    result = policylang("export", "--from", "casbin", "in", "--policies", "pol", "--onto", "in")
    assert (result.exit_code, "not written back" in result.stderr) == (2, True)


def test_policy_files_are_never_what_is_written() -> None:
    assert policylang("export", "--from", "csv", "--policies", "pol", "--onto", "nowhere").exit_code == 2
