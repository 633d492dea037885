"""`policylang drift`"""

from __future__ import annotations

import sys

import click

from policylang.check.suppress.baseline import write_baseline
from policylang.cli.given import given_baseline
from policylang.cli.options import now_option, read_instant
from policylang.cli.product import accept_option, check_codes, mapping_option, read_mapping, read_policies, read_product
from policylang.cli.terminal import CLEAN, FINDINGS, progress, write_lines
from policylang.cli.writing import STANDARD_OUTPUT, Rendered, report_option, write_output
from policylang.diagnostics import visible
from policylang.diff.report import FailOn
from policylang.importing import every_name, find_format
from policylang.importing.drift import find_drift
from policylang.importing.drift_report import baseline_entries, drift_report
from policylang.output import drift as text
from policylang.output.text import counted
from policylang.text.readable import json_bytes


@click.command("drift")
@click.option("--from", "format_", required=True, type=click.Choice(every_name()), help="The format of the product.")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--policies", required=True, metavar="PATH", type=click.Path(), help="The policy set to compare with.")
@mapping_option("and under `names` what the product's names are called in the policy files.")
@click.option(
    "--fail-on",
    type=click.Choice(["gained", "widened", "any"]),
    default="any",
    show_default=True,
    help="Exit with 1 if the product lets somebody do something new (gained), that or on more records "
    "(widened), or if anything differs (any).",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever differs.")
@accept_option("as for import; what policylang.yaml accepts need not be repeated.")
@now_option("the present one")
@click.option("--baseline", metavar="FILE", type=click.Path(), help="Report only what is not in this file.")
@click.option(
    "--write-baseline", "written", metavar="FILE", type=click.Path(), help="Write the differences to this file instead."
)
@click.option("--format", "report", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@report_option("the report")
def drift(
    format_: str,
    inputs: tuple[str, ...],
    policies: str,
    mapping: str | None,
    fail_on: FailOn,
    exit_zero: bool,
    accepted: tuple[str, ...],
    now: str | None,
    baseline: str | None,
    written: str | None,
    report: str,
    output: str,
) -> None:
    """Show where a product and the policy files differ, by proof.

    INPUT is what `policylang import` reads. It is imported in memory and compared with the policy set: who may do more
    in the product than in the files, and who less. What cannot be imported exactly is listed and counts as drift,
    unless it is accepted.

    Exit codes: 0 no drift, 1 drift, 2 could not compare.
    """
    if baseline is not None and written is not None:
        raise click.UsageError("--write-baseline writes everything: remove --baseline")
    if written is not None and output != STANDARD_OUTPUT:
        raise click.UsageError("--write-baseline writes no report: remove --output")
    at = read_instant(now)
    format = find_format(format_)
    check_codes(format, accepted)
    known = None if baseline is None else given_baseline(baseline)
    mapped = read_mapping(format, mapping)
    with progress() as step:
        files = read_policies(policies, format, step)
        read, product = read_product(format, inputs, mapped, files, accepted, step)
        found = find_drift(files.policy_set, product, files.folder if files.around else "", at, step)
    beside = [each for each in product.left_out if each.code in format.tells]
    made = drift_report(format.name, policies, at, found, product.refused, product.accepted, fail_on, known, beside)
    if written is not None:
        entries = baseline_entries(made.differences, made.refused)
        write_output(write_baseline(entries), written, (*inputs, policies, mapping))
        write_lines([f"wrote {counted(len(entries), 'finding')} to {visible(written)}"], err=True)
        return
    code = FINDINGS if made.failed and not exit_zero else CLEAN
    content: Rendered
    match report:
        case "json":
            content = json_bytes(made)
        case "sarif":
            from policylang.output import drift_sarif

            content = drift_sarif.render(made, read, files.root, code)
        case _:
            content = text.render(made, files.root)
    write_output(content, output, (*inputs, policies, mapping, baseline))
    sys.exit(code)
