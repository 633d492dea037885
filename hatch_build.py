"""Puts the built web application into the wheel, building it where npm is there. Without npm the wheel has none,
and `policylang report` says so.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebApplication(BuildHookInterface):  # type: ignore[type-arg,unused-ignore]
    """For wheels that are installed elsewhere; a checkout takes it from where it is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        sys.path.insert(0, self.root)
        try:
            from tools.engines import MissingError
            from tools.web import built
        except ModuleNotFoundError:
            self.app.display_warning("the web application is left out: there are no tools here to build it with")
            return
        finally:
            sys.path.remove(self.root)
        try:
            folder = built()
        except MissingError as error:
            self.app.display_warning(f"the web application is left out: {error}")
            return
        for path in sorted(Path(folder).iterdir()):
            build_data["force_include"][str(path)] = f"policylang/web/{path.name}"
