"""XML as elements that know their lines: without entities of its own, without anything from outside, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

import msgspec

from policylang.importing.reading import InputFile, NotThisError

_DEEPEST = 100
_MOST = 4_000_000


class Element(msgspec.Struct):
    """``text``: what stands directly in it. Names are without their namespaces."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = []
    text: str = ""

    def child(self, tag: str) -> Element | None:
        """The first child of a name."""
        return next((each for each in self.children if each.tag == tag), None)

    def value(self, tag: str) -> str:
        """The text of the first child of a name, without the spaces around it."""
        found = self.child(tag)
        return "" if found is None else found.text.strip()

    def descendants(self) -> Iterator[Element]:
        """Everything inside it, in the order of the text."""
        waiting = list(reversed(self.children))
        while waiting:
            found = waiting.pop()
            yield found
            waiting.extend(reversed(found.children))


class _Tree:
    """What the parser tells of its elements."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._number = 0
        self.parser: object = None
        self.root: Element | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._number += 1
        if len(self._open) >= _DEEPEST or self._number > _MOST:
            what = "nested too deeply" if len(self._open) >= _DEEPEST else "too many elements"
            raise NotThisError(self._path, what, "import parts of it", self._line())
        made = Element(tag.rpartition("}")[2], attributes, self._line())
        if self._open:
            self._open[-1].children.append(made)
        else:
            self.root = made
        self._open.append(made)
        self._texts.append([])

    def end(self, _tag: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def data(self, text: str) -> None:
        self._texts[-1].append(text)

    def close(self) -> None:
        """Asked for by the parser."""

    def _line(self) -> int:
        number = getattr(self.parser, "CurrentLineNumber", 0)
        assert isinstance(number, int)
        return number


def read_xml(file: InputFile) -> Element:
    """The outermost element. Raises `NotThisError`."""
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import DefusedXMLParser
    except ImportError:
        help = "install them: `pip install 'policylang[import]'`"
        raise NotThisError(file.path, "XML is read with packages that are not installed", help) from None
    tree = _Tree(file.path)
    parser = DefusedXMLParser(target=tree)
    tree.parser = parser.parser
    try:
        parser.feed(file.data)
        parser.close()
    except NotThisError:
        raise
    except ParseError as error:
        line, column = error.position
        raise NotThisError(file.path, f"no XML: {str(error).partition(':')[0]}", "fix it", line, column + 1) from None
    except DefusedXmlException:
        help = "write the text itself instead of the entity"
        raise NotThisError(file.path, "the XML declares entities of its own, which are not supported", help) from None
    except (LookupError, ValueError) as error:
        raise NotThisError(file.path, f"no XML: {error}", "save it as UTF-8") from None
    assert tree.root is not None
    return tree.root
