"""What the rules find in policy sets, as every output shows it."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from policylang.check.catalogue import BY_CODE, OF_USAGE
from policylang.check.enclosing import Layout
from policylang.check.engine import Examination, examine
from policylang.check.reach import Examined
from policylang.check.selection import EVERYTHING, SOURCE, Selection, severities, unknown_rules
from policylang.check.suppress.baseline import Baseline, Entry, entry, split
from policylang.check.suppress.ignores import idle, ignorer
from policylang.check.suppress.suppression import Suppression
from policylang.check.suppress.suppressions import read_suppressions
from policylang.check.usage import Usage
from policylang.diagnostics import Severity, quoted, visible
from policylang.importing.origins import Origins
from policylang.ir import LoadError
from policylang.ir import nodes as ir
from policylang.pipelines.findings import BaselineUse, ReportedFinding, Result, View
from policylang.pipelines.replay import as_witness
from policylang.project.bundle import MOST_BYTES, from_compiled
from policylang.project.discovery import Problem, SourceSet, nearest_settings, read_regular, shown_path, unreadable
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.settings.config import FILE_NAME, Config, nearest_config
from policylang.settings.usage import UsageSettings
from policylang.source import Location
from policylang.text.readable import in_utf8


class CheckOptions(msgspec.Struct, frozen=True):
    """What the rules are asked: as of what instant, which of them run, and in how many processes. ``usage``: reads what
    people did, for rules about that. It raises `UnreadableError`.
    """

    now: datetime.datetime
    selection: Selection = EVERYTHING
    step: Callable[[str], None] = lambda _what: None
    jobs: int = 1
    pulse: Callable[[], None] = lambda: None
    """Called all the time while rules run: what it raises ends the run."""
    usage: Callable[[Index, UsageSettings], Usage] | None = None


def add_checked(result: Result, project: Project, asked: CheckOptions) -> None:
    """Add the findings of one policy set: what is wrong with its sources and, if nothing is, what the rules find."""
    view = result.add_sources(project.sources)
    suppressions, mistakes = read_suppressions(project.files)
    found = view.findings((*project.diagnostics, *mistakes))
    found += _of_rules(result, project.ir, project.sources, view, asked, project, suppressions)
    result.findings += sorted(found, key=_order)


def idle_ignores(projects: Iterable[Project]) -> list[tuple[str, str]]:
    """The configs of policy sets, each with a pattern of its `ignores` that matches no file of any of them."""
    files: dict[Path, tuple[Config, list[str]]] = {}
    for project in projects:
        set_ = project.sources
        if set_.base is not None:
            _, paths = files.setdefault(set_.base, (set_.config, []))
            paths += (str(set_.root / source.name) for source in set_.files)
    return [
        (shown_path(nearest_config(base) or base / FILE_NAME), pattern)
        for base, (config, paths) in files.items()
        for pattern in idle(config, base, paths)
    ]


def add_compiled(result: Result, path: str, asked: CheckOptions) -> None:
    """Add what is wrong with a compiled policy set, or what the rules find in it. The config is the nearest one."""
    result.compiled += 1
    policy_set = _load(result, path)
    if policy_set is None:
        return
    folder = Path(path).parent
    config, base, problems = nearest_settings(folder)
    result.problems += problems
    set_ = SourceSet(folder, config, (), base=base)
    result.findings += _of_rules(result, policy_set, set_, View({}, (path,), path), asked)


def _of_rules(
    result: Result,
    policy_set: ir.PolicySet | None,
    set_: SourceSet,
    view: View,
    asked: CheckOptions,
    project: Project | None = None,
    suppressions: Sequence[Suppression] = (),
) -> list[ReportedFinding]:
    """What the rules find, if there is a policy set for them. ``project``: that of one in sources."""
    config = set_.config
    rules = severities(asked.selection, config, with_usage=asked.usage is not None)
    result.problems += _unknown_rules(config, set_.base)
    if not rules or policy_set is None:
        return []
    files = () if project is None else project.files
    examined = examine(
        policy_set,
        asked.now,
        rules,
        thresholds=config.thresholds,
        asked_for=asked.selection.named,
        files=files,
        suppressions=suppressions,
        step=asked.step,
        pulse=asked.pulse,
        jobs=asked.jobs,
        usage=_usage(policy_set, rules, asked, config),
    )
    layouts = {parsed.source.name: Layout(parsed) for parsed in files}
    origins = Origins(set_.root, layouts)
    kept = _kept(result, examined, set_)
    suggested = {} if project is None else _suggestions(project, kept, asked.now)
    result.codes |= rules.keys()
    result.now = asked.now.astimezone(datetime.UTC)
    result.extent.add(policy_set, examined.questions)
    if view.compiled is not None:
        result.examined.add(view.compiled)
    return [_finding(each, rules, examined.index, view, layouts, suggested, origins) for each in kept]


def _usage(policy_set: ir.PolicySet, rules: dict[str, Severity], asked: CheckOptions, config: Config) -> Usage | None:
    if asked.usage is None or not OF_USAGE.keys() & rules.keys():
        return None
    return asked.usage(Index(policy_set), config.usage)


def _load(result: Result, path: str) -> ir.PolicySet | None:
    try:
        return from_compiled(read_regular(Path(path), MOST_BYTES + 1))
    except OSError as error:
        result.problems.append(unreadable(path, error, "check the path and its permissions"))
    except LoadError as error:
        result.problems.append(Problem(path, str(error)))
    return None


def _unknown_rules(config: Config, base: Path | None) -> Iterator[Problem]:
    for where, help in unknown_rules(config):
        path = nearest_config(base or Path()) or Path(FILE_NAME)
        yield Problem(shown_path(path), f"{where}: unknown rule", help)


def _kept(result: Result, examined: Examination, set_: SourceSet) -> list[Examined]:
    """The findings without those that the config leaves out where they are."""
    ignored = ignorer(set_.config, set_.base)
    kept = [
        each
        for each in examined.found
        if not ignored(each.finding.code, str(set_.root / Location.parse(each.finding.at).path))
    ]
    result.ignored += len(examined.found) - len(kept)
    result.suppressed += examined.suppressed
    return kept


def _suggestions(project: Project, kept: Iterable[Examined], now: datetime.datetime) -> dict[tuple[str, str], str]:
    """What fixes that people have to decide on would do, by code and place."""
    wanted = [each.finding for each in kept if BY_CODE[each.finding.code].fix == "suggested"]
    if not wanted:
        return {}
    from policylang.check.fix.mend import fixes

    return {(fix.code, fix.at): visible(fix.summary) for fix in fixes(project, wanted, now)}


def _finding(
    found: Examined,
    rules: dict[str, Severity],
    index: Index,
    view: View,
    layouts: dict[str, Layout],
    suggested: dict[tuple[str, str], str],
    origins: Origins,
) -> ReportedFinding:
    said = found.finding
    at = Location.parse(said.at)
    witnesses = tuple(as_witness(index, shown) for shown in said.shown)
    layout = layouts.get(at.path)
    related = [msgspec.structs.replace(each, message=_in_words(each.message, index)) for each in said.related]
    return ReportedFinding(
        said.code,
        BY_CODE[said.code].name,
        rules[said.code],
        visible(_in_words(said.message, index)),
        None if said.help is None else visible(_in_words(said.help, index)),
        view.path(at.path),
        *at[1:],
        view.places(related),
        witnesses[0] if witnesses else None,
        witnesses[1:],
        None if said.proved is None else visible(_in_words(said.proved, index)),
        said.unproved,
        view.compiled,
        found.looked_at,
        view.policies,
        ("", "") if layout is None else layout.anchor(at),
        said,
        suggested.get((said.code, said.at)),
        () if layout is None or not origins else origins.of(at.path, *layout.statement(at)),
        found.reach,
        "\n".join(map(visible, said.policies.split("\n"))) or None,
    )


_OWN_ROLE = re.compile("(?:role )?`([^`]+)`")


def _in_words(text: str, index: Index) -> str:
    """A text of a rule, in which the role that holds what a user's block says is called by what people wrote."""

    def of_user(found: re.Match[str]) -> str:
        role = index.roles.get(found[1])
        return found[0] if role is None or role.owner is None else f"the block of {quoted(role.owner)}"

    return _OWN_ROLE.sub(of_user, text)


def _order(finding: ReportedFinding) -> tuple[Any, ...]:
    place = (finding.path, finding.line, finding.column, finding.end_line, finding.end_column)
    return (*place, finding.code, finding.message)


# --- baselines -----------------------------------------------------------------------------------------------


def entries(result: Result, folder: Path) -> list[Entry]:
    """The findings of rules as a baseline in a folder keeps them; errors in the source are none of them."""
    return [_entry(finding, folder) for finding in result.findings if not finding.code.startswith(SOURCE)]


def apply_baseline(result: Result, baseline: Baseline, path: str) -> None:
    """Take the findings out that are in a baseline, and note what of it does not occur any more: of the rules that ran
    and the files that were read, or are not there.
    """
    folder = Path(path).parent
    read = {_seen_from(folder, each) for each in result.sources}
    read |= {_seen_from(folder, each) for each in result.examined}

    def expected(each: Entry) -> bool:
        file = each.path.partition(_INSIDE)[0]
        return each.code in result.codes and (file in read or not (folder / file).exists())

    of_rules = [finding for finding in result.findings if not finding.code.startswith(SOURCE)]
    found = split([_entry(finding, folder) for finding in of_rules], baseline, expected)
    known = {id(finding) for finding, is_known in zip(of_rules, found.known, strict=True) if is_known}
    result.findings = [finding for finding in result.findings if id(finding) not in known]
    result.baseline = BaselineUse(path, len(known), found.stale)


_INSIDE = "#"
"""Between the path of a compiled policy set and that of a source of it."""


def _entry(finding: ReportedFinding, folder: Path) -> Entry:
    if finding.compiled is None:
        path = _seen_from(folder, finding.path)
    else:
        path = f"{_seen_from(folder, finding.compiled)}{_INSIDE}{finding.path}"
    return entry(finding.code, path, finding.message, finding.anchor, finding.about)


def _seen_from(folder: Path, path: str) -> str:
    return in_utf8(Path(os.path.relpath(path, folder)).as_posix())
