"""Cases of importers: the inputs in one file, and beside it the report and everything that is written.

A case begins with the arguments of the command; a line `=== PATH` begins a file. `mapping.yaml` is the mapping.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from policylang.files.yaml_source import read_yaml
from policylang.importing import NAMES, find_format
from policylang.importing.importing import import_set
from policylang.importing.origins import FILE_NAME
from policylang.importing.reading import InputFile, Inputs
from policylang.output.imported import render

FOLDERS = tuple(f"importing/{name}/cases" for name in NAMES)
_HEAD = re.compile(r"(?m)^=== (.+)\n")


def rendered(path: Path) -> bytes:
    """The report and the files, without `import.json`, but for where its statements come from."""
    format = find_format(path.parent.parent.name)
    _, *parts = _HEAD.split(path.read_bytes().decode())
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    mapping = files.pop("mapping.yaml", None)
    given = Inputs(tuple(InputFile(name, files[name].encode()) for name in sorted(files)))
    said = (
        None if mapping is None or format.mapping is None else msgspec.convert(read_yaml(mapping).value, format.mapping)
    )
    made = import_set(format, given, said)
    assert made.errors == []
    out = [*(click.unstyle(line) for line in render(format, made, "out")), ""]
    for name, data in made.files.items():
        if name != FILE_NAME:
            out += [f"=== {name}", data.decode()]
    out.append("=== origins")
    for each in msgspec.json.decode(made.files[FILE_NAME])["statements"]:
        where = f"{each['file']}:{each['line']}"
        out.append(f"{where}: {each['words'] or each['declared']} <- {', '.join(each['origins'])}")
    return ("\n".join(out) + "\n").encode()
