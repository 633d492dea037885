"""From syntax trees to a model: names resolved, types checked, policies expanded."""

from __future__ import annotations

from collections.abc import Sequence

from policylang.diagnostics import Diagnostic
from policylang.model.bundles import check_bundles
from policylang.model.context import Build
from policylang.model.declarations import collect
from policylang.model.model import Model
from policylang.model.people import check_people
from policylang.model.policies import check_policies
from policylang.model.report import DiagnosticLog
from policylang.model.resources import check_resources
from policylang.model.statements import check_statements
from policylang.model.world import check_world
from policylang.settings.limits import MOST_MISTAKES, Limits
from policylang.syntax.parser import Parsed

__all__ = ["Model", "build_model"]

# Each pass reads what those before it left in the model.
PASSES = (check_world, check_resources, check_policies, check_bundles, check_people, check_statements)


def build_model(files: Sequence[Parsed], limits: Limits | None = None) -> tuple[Model, tuple[Diagnostic, ...]]:
    """Resolve and check the declarations of all files of a policy set, whatever their order.

    The model may only be lowered if neither the files nor the model have diagnostics.
    """
    report, model = DiagnosticLog(), Model()
    build = Build(report, model, limits or Limits())
    collect(build, sorted(files, key=lambda parsed: parsed.source.name))
    for check in PASSES:
        check(build)
    found = list(report.diagnostics)
    if report.left_out is not None:
        found.append(_more(report.left_out))
    return model, tuple(sorted(found, key=lambda d: d.order))


def _more(first: Diagnostic) -> Diagnostic:
    message = f"more than {MOST_MISTAKES:,} mistakes in the policy set: this and others are not shown"
    return Diagnostic(code="PL110", message=message, location=first.location, help="fix the others first")
