"""A policy set on its way through the phases. Each phase is a value, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from policylang.diagnostics import Diagnostic, quoted
from policylang.directory import read_people, resolve
from policylang.directory.people import PeopleRead
from policylang.ir import nodes as ir
from policylang.ir.lowering.policy_set import lower
from policylang.ir.nesting import name_of, too_many_ways
from policylang.model import Model, build_model
from policylang.project.discovery import Problem, SourceSet
from policylang.project.edits import settled
from policylang.settings.limits import Limits
from policylang.source import Location, Source
from policylang.syntax import ast
from policylang.syntax.parser import Parsed, parse


class Project:
    """The sources of one policy set and everything made of them."""

    def __init__(
        self,
        sources: SourceSet,
        step: Callable[[str], None] = lambda _what: None,
        parser: Callable[[Source, Limits], Parsed] = parse,
    ) -> None:
        """``step`` is told what is being worked on. ``parser``: `parse`, or what remembers its results."""
        self.sources = sources
        self._step = step
        self._parse = parser

    @cached_property
    def files(self) -> tuple[Parsed, ...]:
        """The syntax trees, with the errors of each text."""
        limits, sources = self.sources.config.limits, self.sources.sources
        return tuple(self._parsed(source, limits, number) for number, source in enumerate(sources, 1))

    def _parsed(self, source: Source, limits: Limits, number: int) -> Parsed:
        self._step(f"parsing {source.display}, {number} of {len(self.sources.sources)} files")
        return self._parse(source, limits)

    def edited(self, texts: Mapping[str, str]) -> Project:
        """The policy set with other texts in some files, by name."""
        sources = tuple(
            Source(each.name, texts[each.name], each.display) if each.name in texts else each
            for each in self.sources.sources
        )
        return Project(msgspec.structs.replace(self.sources, sources=sources))

    @cached_property
    def _modelled(self) -> tuple[Model, tuple[Diagnostic, ...]]:
        files = self.files
        known = self._people_reviewed(files)
        if known is not None:
            files = (*files, known)
        if self.sources.problems or self.sources.oversized:
            # What could not be read may have declared anything: be silent about names that are not known.
            hidden = ast.File((), (), (ast.Broken(None, None),))
            files = (*files, *(Parsed(source, hidden, ()) for source in self.sources.oversized))
            if self.sources.problems and files:
                files = (*files, Parsed(files[0].source, hidden, ()))
        self._step(f"resolving {self.sources.root}")
        return build_model(files, self.sources.config.limits)

    @property
    def model(self) -> Model:
        return self._modelled[0]

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything wrong with the sources, in the order of files and places."""
        found = settled(self._policy_diagnostics, self.sources.sources, self._again)
        found += [d for read in self._directory for d in read.diagnostics]
        found += self._resolved[1]
        return tuple(sorted(discreet(found, self.sources.directory), key=lambda d: d.order))

    def _again(self, mended: Source) -> tuple[Diagnostic, ...]:
        """What is wrong with the policy files with another text of one of them."""
        sources = tuple(mended if each.name == mended.name else each for each in self.sources.sources)
        return Project(msgspec.structs.replace(self.sources, sources=sources))._policy_diagnostics

    @cached_property
    def _policy_diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the policy files, and files that are too large."""
        found = [d for parsed in self.files for d in parsed.diagnostics]
        found += self._modelled[1]
        limit = self.sources.config.limits.file_bytes
        found += [
            Diagnostic(
                code="PL110",
                message=f"the file is larger than {limit:,} bytes",
                location=Location(source.name, 1, 1, 1, 1),
                help="split it, or raise `limits: file_bytes` in `policylang.yaml`",
            )
            for source in self.sources.oversized
        ]
        if not self.sources.problems and not any(each.severity == "error" for each in found):
            found += self._too_many_ways()
        return tuple(found)

    def _too_many_ways(self) -> Iterator[Diagnostic]:
        limit = self.sources.config.limits.role_ways
        if self.model.ways <= limit:
            return
        bundle = too_many_ways(self._policies, limit)
        if bundle is not None:
            kind, name = name_of(bundle)
            yield Diagnostic(
                code="PL110",
                message=f"the {kind} {quoted(name)} holds roles in more than {limit:,} ways that differ in limits",
                location=Location.parse(bundle.at),
                help="put the inner roles directly in it, or limit fewer of the roles between",
            )

    @cached_property
    def _directory(self) -> tuple[PeopleRead, ...]:
        """The people of each directory file."""
        return tuple(self._read(source) for source in self.sources.directory)

    def _read(self, source: Source) -> PeopleRead:
        self._step(f"reading {source.display}")
        return read_people(source, self.sources.config.limits)

    def _people_reviewed(self, files: tuple[Parsed, ...]) -> Parsed | None:
        """The reviews of people from directory files, whom the model need not miss: as declarations that it cannot
        see.
        """
        if not files or not self.sources.directory:
            return None
        reviews = [node for file in files for node in file.file.declarations if isinstance(node, ast.Review)]
        names = {node.subject.value for node in reviews if node.kind == "user"}
        if names and any(read.diagnostics for read in self._directory):
            return Parsed(files[0].source, ast.File((), (), (ast.Broken("user", None),)), ())
        names &= {person.id.value for read in self._directory for person in read.people}
        return Parsed(files[0].source, ast.File((), (), tuple(ast.Broken("user", name) for name in sorted(names))), ())

    @cached_property
    def _resolved(self) -> tuple[ir.PolicySet | None, tuple[Diagnostic, ...]]:
        """The policy set with everybody from the directory, whose names can be looked up once the policies compile."""
        if self.sources.problems or any(d.severity == "error" for d in self._policy_diagnostics):
            return None, ()
        if not self.sources.directory:
            return None, ()
        people = [person for read in self._directory for person in read.people]
        self._step(f"resolving the people of {self.sources.root}")
        return resolve(self._policies, people, self.sources.config.limits)

    @cached_property
    def _policies(self) -> ir.PolicySet:
        """The compiled policy set without people from the directory."""
        self._step(f"compiling {self.sources.root}")
        return lower(self.model, self.sources.sources)

    @cached_property
    def ir(self) -> ir.PolicySet | None:
        """The compiled policy set; ``None`` where there is an error or something could not be read."""
        if self.sources.problems or any(d.severity == "error" for d in self.diagnostics):
            return None
        return self._resolved[0] if self.sources.directory else self._policies

    def why_not(self, paths: Sequence[str]) -> Problem:
        """Why there is no compiled policy set: the first reason. ``paths``: those given on the command line."""
        if self.sources.problems:
            return self.sources.problems[0]
        return self.first_of([each for each in self.diagnostics if each.severity == "error"], paths)

    def first_of(self, errors: Sequence[Diagnostic], paths: Sequence[str]) -> Problem:
        """The first of some errors in the sources, and how to see the others."""
        first = errors[0]
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        return Problem(
            self.sources.shown.get(first.location.path, first.location.path),
            f"{first.code} {first.message}{more}",
            f"`{' '.join(['policylang check', *paths])}` shows all of it",
            first.location.line,
            first.location.column,
        )


def discreet(diagnostics: Iterable[Diagnostic], sources: Iterable[Source]) -> list[Diagnostic]:
    """The diagnostics; of mistakes in files that are not of the policy set, without a word of what is in them."""
    foreign = {source.name for source in sources if source.foreign}
    return [_without_content(each) if each.location.path in foreign else each for each in diagnostics]


def _without_content(diagnostic: Diagnostic) -> Diagnostic:
    return Diagnostic(
        code=diagnostic.code,
        message="this file has an error, which is not shown because the file is outside the policy set",
        location=diagnostic.location,
        severity=diagnostic.severity,
        help="check it in its own folder, or move it into the policy set, where `policylang check` shows the error",
    )
