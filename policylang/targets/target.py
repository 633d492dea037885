"""What a compile target is: data about what it can express, and a function that writes a bundle."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.ir import nodes as ir
from policylang.runtime.request import Request
from policylang.settings.targets import TargetSettings
from policylang.source import Location

Support = Literal["exact", "input", "frozen", "refused"]
"""How a target expresses a construct: ``exact``; with a value that each request has to bring (``input``); as it is at
one instant (``frozen``), after which the bundle has to be compiled anew; or not at all.
"""


class Refusals:
    """What a target cannot express, as it comes upon it: diagnostics of the family PL8xx, each once. ``constructs``:
    places where the policy set uses a construct that is refused as such.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.found: dict[Diagnostic, None] = {}
        self.constructs: set[str] = set()

    def __call__(self, code: str, message: str, at: str, help: str) -> None:
        self.found[Diagnostic(code=code, message=message, location=Location.parse(at), help=help)] = None


class RefusedError(ValueError):
    """The policy set has no bundle, which requests could be made for."""


class Compiled(Refusals):
    """For a policy set that there is a bundle of. Raises `RefusedError` for any other."""

    def __init__(self) -> None:
        super().__init__("the target")

    def __call__(self, code: str, message: str, at: str, help: str) -> None:
        raise RefusedError(message)


class Clause(msgspec.Struct, frozen=True):
    """A part of a generated file and the statement it comes from.

    ``clause`` names it as the file does: a policy's id, a JSON pointer, the name of a database object.
    """

    file: str
    clause: str
    at: str


class TargetBundle(msgspec.Struct, frozen=True):
    """Everything that is written: content by path, relative and with ``/``, without the source map, which is made of
    the clauses.
    """

    files: Mapping[str, bytes]
    clauses: tuple[Clause, ...]


class Scenario(msgspec.Struct, frozen=True):
    """A request of a scenario test and the reference's answer; ``name``: of its file and its test."""

    name: str
    asked: Request
    allowed: bool


class Input(msgspec.Struct, frozen=True):
    """What a bundle is made of.

    ``now``: for what is frozen, aware; null if the command got none. ``scenarios``: what the scenario tests of the
    policy set ask, for targets that run them. ``settings``: what the configuration says.
    """

    policy_set: ir.PolicySet
    now: datetime.datetime | None = None
    scenarios: tuple[Scenario, ...] = ()
    settings: TargetSettings = TargetSettings()


class Target(msgspec.Struct, frozen=True):
    """One compile target.

    ``support``: by construct (`policylang.targets.constructs.CONSTRUCTS`) how it is expressed, where that is not
    exact. ``ways_out``: by construct that is refused, what to do instead. ``emit`` refuses what else it comes upon,
    such as names and values out of range, and goes on to find all of it; then there may be no bundle.
    """

    name: str
    title: str
    engine: str
    support: Mapping[str, Support]
    ways_out: Mapping[str, str]
    emit: Callable[[Input, Refusals], TargetBundle | None]

    def expresses(self, construct: str) -> Support:
        """How a construct is expressed."""
        return "refused" if construct in self.ways_out else self.support.get(construct, "exact")
