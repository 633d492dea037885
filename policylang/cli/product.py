"""What `policylang drift` and `policylang export` begin with: a product, read as an import of some policy set would."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import click
import msgspec

from policylang.cli.options import Command
from policylang.cli.terminal import Step, found_or_stop, stop
from policylang.diagnostics import listed, quoted, visible
from policylang.files.yaml_source import YamlError, read_yaml
from policylang.importing.format import ImportFormat
from policylang.importing.imported import MappedKind
from policylang.importing.importing import Import, ParsedOnce, import_set
from policylang.importing.into import CODE as DECLARED_THERE
from policylang.importing.into import Into
from policylang.importing.matching import first_of, said_names
from policylang.importing.names import NamesByKey
from policylang.importing.origins import Manifest, given_names, read_manifest
from policylang.importing.reading import Inputs, NotThisError
from policylang.ir import nodes as ir
from policylang.project.discovery import SUFFIX, Problem, UnreadableError, discover, read_regular, unreadable
from policylang.project.loading import read_compiled
from policylang.project.project import Project
from policylang.suggest import closest


def mapping_option(rest: str) -> Callable[[Command], Command]:
    """``--mapping``; ``rest``: what its help says behind what it is for all."""
    help = f"YAML file that says what columns and words mean, {rest}"
    return click.option("--mapping", metavar="FILE", type=click.Path(), help=help)


def accept_option(rest: str) -> Callable[[Command], Command]:
    """``--accept``, likewise."""
    help = f"Accept that what this code refuses is left out, {rest}"
    return click.option("--accept", "accepted", metavar="CODE", multiple=True, help=help)


class ProductMapping(msgspec.Struct, frozen=True):
    """What a mapping says: what the format wants to know, and which names of the product are which here."""

    of_format: Any = None
    names: NamesByKey = {}


class _Names(msgspec.Struct, frozen=True):
    names: dict[MappedKind, dict[str, str]] = {}


def read_mapping(format: ImportFormat, path: str | None) -> ProductMapping:
    """The mapping of a file, or end the command."""
    if path is None:
        return ProductMapping()
    try:
        value = read_yaml(read_regular(Path(path)).decode("utf-8-sig")).value
        names = said_names(msgspec.convert(value, _Names).names, path)
        rest = {key: each for key, each in value.items() if key != "names"} if isinstance(value, dict) else value
        if format.mapping is None:
            if rest:
                stop(Problem(path, f"{format.title} only takes `names` in a mapping", "remove the rest"))
            return ProductMapping(None, names)
        return ProductMapping(msgspec.convert(rest, format.mapping) if rest or not names else None, names)
    except OSError as error:
        stop(unreadable(path, error))
    except UnicodeDecodeError as error:
        stop(Problem(path, f"not UTF-8: byte {error.start} cannot be read", "save it as UTF-8"))
    except YamlError as error:
        stop(Problem.of(path, error))
    except msgspec.ValidationError as error:
        stop(Problem(path, str(error), "`policylang schema mapping` describes it"))
    except NotThisError as error:
        stop(error.problem)


def check_codes(format: ImportFormat, accepted: Sequence[str]) -> None:
    """End the command where something is to be accepted that there is not."""
    for code in accepted:
        if code not in format.refuses and code != DECLARED_THERE:
            near = closest(code, format.refuses)
            known = listed([f"`{each}`" for each in format.refuses], "and")
            help = f"did you mean `{near}`?" if near else f"the codes are {known}"
            stop(Problem(f"--accept {visible(code)}", f"{format.title} has no such code", help))


class NamedPolicies(msgspec.Struct, frozen=True):
    """The policy files that a product is compared with. ``folder``: where an earlier import lies in the policy set, and
    ``around``: the policy set without it, if that is only a part.
    """

    policy_set: ir.PolicySet
    root: Path | None = None
    folder: str = ""
    around: Into | None = None
    manifest: Manifest | None = None
    accepted: tuple[str, ...] = ()


def read_policies(path: str, format: ImportFormat, step: Step) -> NamedPolicies:
    """The policy set behind ``--policies``, or end the command."""
    if not os.path.isdir(path) and not path.endswith(".policy"):
        return NamedPolicies(found_or_stop(read_compiled(path)))
    sets = discover([path])
    if len(sets) != 1:
        stop(Problem(path, f"these are {len(sets)} policy sets", "name the root of one policy set"))
    project = Project(sets[0], step)
    if project.ir is None:
        stop(project.why_not((path,)))
    accepted = sets[0].config.imports.accepted
    folders = sorted({PurePosixPath(each.name).parent for each in sets[0].sources})
    manifests = {str(each): read_manifest(sets[0].root / each) for each in folders}
    own = {name: each for name, each in manifests.items() if each is not None and each.source == format.name}
    if len(own) > 1:
        shown = listed([quoted(name) for name in own], "and")
        stop(Problem(path, f"there are imports from {format.name} in {shown}", "import them as one"))
    for name, manifest in own.items():
        folder = "" if name == "." else name
        accepted = (*accepted, *manifest.accepted)
        around = None if len(manifests) == 1 or not folder else _without(project, folder)
        return NamedPolicies(project.ir, sets[0].root, folder, around, manifest, accepted)
    return NamedPolicies(project.ir, sets[0].root, accepted=accepted)


def _without(project: Project, folder: str) -> Into | None:
    """The policy set without an import in it; ``None`` where it does not compile by itself, so that the import declares
    what the rest is about.
    """
    kept = tuple(each for each in project.sources.sources if not each.name.startswith(f"{folder}/"))
    rest = Project(msgspec.structs.replace(project.sources, sources=kept))
    return Into(rest, folder) if kept and rest.ir is not None else None


def read_product(
    format: ImportFormat,
    paths: Sequence[str],
    mapped: ProductMapping,
    policies: NamedPolicies,
    accepted: Sequence[str],
    step: Step,
    parsed: ParsedOnce | None = None,
) -> tuple[Inputs, Import]:
    """What a product says it in, imported in memory, or end the command."""
    try:
        step("reading the product")
        given = format.given(paths)
        made = import_again(format, given, mapped, policies, accepted, parsed)
        if not made.refused and not any(name.endswith(SUFFIX) for name in made.files):
            stop(Problem(format.shown(paths), "it holds nothing to import", f"expected {format.inputs}"))
        return given, made
    except (UnreadableError, NotThisError) as error:
        stop(error.problem)


def import_again(
    format: ImportFormat,
    given: Inputs,
    mapped: ProductMapping,
    policies: NamedPolicies,
    accepted: Sequence[str],
    parsed: ParsedOnce | None = None,
) -> Import:
    """Inputs as policy text, with the names that the policy set has for things. Raises `NotThisError`."""
    made = import_set(
        format,
        given,
        mapped.of_format,
        accepted={*accepted, *policies.accepted},
        names=first_of(mapped.names, given_names(policies.manifest)),
        into=policies.around,
        like=policies.policy_set,
        parsed=parsed,
    )
    if made.errors:
        first = made.errors[0]
        origins = made.origins(first.location.path, first.location.line) if policies.around is None else ()
        help = "map names in the `--mapping` file, or import it into a new folder to see everything"
        raise NotThisError(
            (origins or (given.files[0].path,))[0], f"what it describes does not compile: {first.message}", help
        )
    return made
