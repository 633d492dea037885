"""Builds the consumer in TypeScript with the compiler that npm brings.

python -m tools.consumers FOLDER
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tools.engines import TYPESCRIPT, MissingError, installed

FOLDER = Path(__file__).parents[1] / "consumers" / "typescript"


def build(target: Path) -> Path:
    """The consumer as JavaScript in a folder. Raises `MissingError` where there is no compiler or it finds mistakes."""
    node = shutil.which("node")
    if node is None:
        raise MissingError("there is no node to compile TypeScript with: install Node.js")
    command = [node, str(installed(TYPESCRIPT)), "--project", str(FOLDER), "--outDir", str(target)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        raise MissingError(f"the consumer does not compile:\n{run.stdout}")
    return target


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
