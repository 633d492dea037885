"""The web application with its data inside, as one file that opens from disk and asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from policylang.text.readable import shown_json
from policylang.views.document import AccessDocument

# In a wheel the built application lies inside the package, in a checkout where it is built.
_PLACES = (Path(__file__).parents[1] / "web", Path(__file__).parents[2] / "build" / "web" / "dist")
_SCRIPT, _STYLE, _EDITOR = "app.js", "app.css", "editor.js"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


NOT_BUILT = (
    "the web application is not built",
    "in a checkout, `make web` builds it, which takes npm; an installed wheel has it",
)
"""What is said of that, and what to do."""


class NotBuiltError(Exception):
    """The web application is not there."""


class Application(msgspec.Struct, frozen=True):
    """The built web application: its one script and its one style sheet, and the editor, which no report has."""

    script: str
    style: str
    editor: str = ""


def application() -> Application:
    """The built application. Raises `NotBuiltError`."""
    for folder in _PLACES:
        if all((folder / name).is_file() for name in (_SCRIPT, _STYLE, _EDITOR)):
            return Application(*((folder / name).read_text(encoding="utf-8") for name in (_SCRIPT, _STYLE, _EDITOR)))
    raise NotBuiltError


def report_page(app: Application, documents: Iterable[AccessDocument]) -> bytes:
    """The report. Its content security policy lets run what is inside, and nothing be loaded from anywhere."""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(app.script)}'",
            f"style-src '{_hash(app.style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return b"".join(
        (
            f'{_START}<meta http-equiv="Content-Security-Policy" content="{policy}">\n{_NAMES}'.encode(),
            f"<style>{app.style}</style>\n".encode(),
            _BODY.encode(),
            b'<script type="application/json" id="data">',
            _embedded(encoded_documents(documents)),
            b"</script>\n",
            f"<script>{app.script}</script>\n".encode(),
            b"</body>\n</html>\n",
        )
    )


def live_page() -> bytes:
    """The page of the application where it is served, with its data beside it."""
    meta = '<link rel="stylesheet" href="app.css">\n'
    return f'{_START}{_NAMES}{meta}{_BODY}<script src="app.js"></script>\n</body>\n</html>\n'.encode()


def encoded_documents(documents: Iterable[AccessDocument]) -> bytes:
    """Documents as JSON."""
    return _ENCODER.encode(list(documents))


def _embedded(encoded: bytes) -> bytes:
    """JSON that may stand inside a script element: nothing in it can end that or begin a comment."""
    return shown_json(encoded).replace(b"<", b"\\u003c")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


_START = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
"""
_NAMES = """\
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta id="__________cytoscape_stylesheet">
<title>policylang</title>
"""
_BODY = """\
</head>
<body>
<noscript>This report needs JavaScript, which is inside it: open it in a browser that runs scripts of files.</noscript>
<div id="app"></div>
"""
