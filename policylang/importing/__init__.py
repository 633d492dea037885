"""From what exists: access that other systems describe, as a policy set. The mirror of `policylang.targets`.

One folder a format, each with a ``FORMAT`` (`policylang.importing.format.Format`): a record that says as data what the
format maps, refuses and leaves out, and one function, ``read``. `casbin` is the smallest to learn from. To add one:

1. Add its name to `NAMES`, and a folder with ``FORMAT`` in its ``__init__``. The table in ``docs/importing.md`` comes
   from that record (`tools/import_docs.py`), and a test holds each code in it to an example.
2. Write ``read(inputs, mapping)``. ``inputs`` (`reading.Inputs`) are files that came through the one door: bounded,
   decoded, in order, of folders and archives as of files. Never open anything yourself.
3. Fill an `imported.Imported` with statements. Things are named by their *keys*, the foreign system's own names; where
   a condition or a type speaks of one it holds an `imported.Ref`. `names` makes identifiers of keys and the writer does
   the rest: files, order, comments, labels, grants of one line. Everything has an `imported.Origin`.
4. **Exact or said.** What the language cannot express is ``imported.refuse(code, origin, message)``, with a code of
   ``FORMAT.refuses``. What has no bearing on access is ``imported.leave_out(code, …)``, with one of
   ``FORMAT.leaves_out``. *Fail closed*: where a restriction is refused, leave out whatever it restricts, and where a
   user's restrictions cannot be told, leave the user without access.
5. ``silent`` lists rules that would report what every policy set of this format has, such as no labels, with the
   reason. They are off in the `policylang.yaml` that is written.
6. ``patch``, if the foreign system keeps its access in files that people change: it proposes edits of them for grants
   and assignments (`edits.Wanted`) that policy files say otherwise. It need not be right: `patching` proves the result.
7. Test it against an oracle that shares no code with it (`tests/importing/casbin/test_oracle.py`), on hostile input,
   and with inputs and their expected output side by side in ``tests/importing/<format>/cases/``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policylang.importing.format import ImportFormat

NAMES = ("csv", "odoo", "frappe", "salesforce", "kubernetes", "casbin", "postgres")
"""The formats, in the order of their documentation."""

_OTHER_NAMES = {"xlsx": "csv"}


def find_format(name: str) -> ImportFormat:
    """The format of one of `NAMES` or `every_name`."""
    name = _OTHER_NAMES.get(name, name)
    assert name in NAMES
    format: ImportFormat = import_module(f"policylang.importing.{name}").FORMAT
    return format


def every_name() -> list[str]:
    """All names that a format may be called by."""
    return sorted((*NAMES, *_OTHER_NAMES))
