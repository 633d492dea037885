"""Roles inside one another, as deep as they may be: no command runs out of stack."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from policylang.cli.main import commands
from policylang.ir.codec import LoadError, from_json, to_json, with_digest
from policylang.ir.nodes import Ref
from policylang.settings.limits import MOST_DEPTH
from tests.helpers import project


def _nested_roles(depth: int) -> str:
    inner = "".join(f'role r{n} "R" {{ role r{n + 1}  grant view on doc }}\n' for n in range(depth - 1))
    return (
        'resource doc "Doc" { title : text  actions view }\npolicy p on doc { title is "x" }\n'
        f'{inner}role r{depth - 1} "R" {{ grant view on doc  policy p }}\n'
        'group g "G" { role r0 }\nuser "u" in g { assign role r0 because "x" }\n'
    )


DEEP = (
    ["check", "."],
    ["fmt", "--check", "."],
    ["decide", "u", "view", "--resource", "doc", "--record", '{"title": "x"}', "--policies", "."],
    ["decide", "u", "view", "--resource", "doc", "--record", "{}", "--policies", "."],
    ["access", "u", "--policies", "."],
    ["who-can", "view", "doc", "--policies", "."],
    ["sql", "u", "view", "doc", "--policies", "."],
    ["diff", ".", "."],
    ["test", "--generate", "."],
    *(["compile", ".", "--target", t, "-o", t] for t in ("cedar", "rego", "cerbos", "postgres", "openfga", "spicedb")),
)


@pytest.mark.parametrize("command", DEEP, ids=lambda command: " ".join(command[:3]))
def test_every_command_reaches_the_deepest_roles(command: list[str], tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.policy").write_text(_nested_roles(MOST_DEPTH), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(commands, command)
    assert result.exit_code in (0, 1), result.output[-1000:]
    assert not result.exception or isinstance(result.exception, SystemExit)


def test_compiled_json_with_deeper_roles_is_refused() -> None:
    made = project(_nested_roles(MOST_DEPTH)).ir
    assert made is not None
    assert from_json(to_json(made)) == made
    (outermost,) = (role for role in made.roles if role.name == "r0")
    around = replace(outermost, name="around", roles=(Ref("r0", outermost.at),))
    deeper = with_digest(replace(made, roles=(*made.roles, around)))
    with pytest.raises(LoadError, match=r"`around` has roles inside one another more than 100 deep"):
        from_json(to_json(deeper))
