"""Write parse tables, published schemas, pages about rules and targets, and expected outputs beside inputs of tests.

Read the difference before committing.

python tools/update_expected.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from policylang.schemas import SCHEMAS, published_path, schema_text
from policylang.syntax import lark_tables
from tests.pairs import PAIRS
from tools import import_docs, rule_docs, target_docs


def main() -> None:
    lark_tables.main()  # first: everything else reads policies
    for pair in PAIRS:
        for source in pair.inputs():
            pair.expected_path(source).write_bytes(pair.actual(source))
            print(pair.expected_path(source).name)
    for name in SCHEMAS:
        published_path(name).write_text(schema_text(name), encoding="utf-8")
        print(published_path(name).name)
    rule_docs.main()
    target_docs.main()
    import_docs.main()


if __name__ == "__main__":
    main()
