"""The policies that documents show are laid out as `policylang fmt` would."""

from __future__ import annotations

import pytest

from policylang.settings.config import Config
from policylang.source import Source
from policylang.syntax.format import format_source
from tests.docs.blocks import DOCUMENTS, ROOT, Block, blocks

# The page about formatting shows what is not; the pages about rules have marks of their own behind lines.
SHOWN = [
    block
    for document in DOCUMENTS
    if document.name != "formatting.md" and ROOT / "docs" / "rules" not in document.parents
    for block in blocks(document)
    if block.info.split(" ")[0] == "policy"
]


@pytest.mark.parametrize("block", SHOWN, ids=[block.where for block in SHOWN])
def test_policies_are_formatted(block: Block) -> None:
    made = format_source(Source("example.policy", block.text), Config().format.line_width)
    assert made.text in (None, block.text)


def test_most_of_them_can_be() -> None:
    assert sum(format_source(Source("a", block.text), 120).text is not None for block in SHOWN) > len(SHOWN) * 0.8
