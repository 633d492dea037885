"""Every feature by the method with which editors ask for it."""

from __future__ import annotations

import asyncio
from typing import Any

from policylang.editor.server import PolicyServer


def register(server: PolicyServer) -> None:
    """Have the server answer."""

    @server.feature("policylang/settled")
    async def settled(_params: Any) -> bool:
        server.settle()
        return await asyncio.get_running_loop().run_in_executor(None, server.checker.wait, 60)
