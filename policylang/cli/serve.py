"""`policylang serve`"""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from policylang.cli.options import TEXT, text_option
from policylang.cli.signing import read_verifying_key
from policylang.cli.terminal import stop, write_lines
from policylang.cli.writing import check_not_read
from policylang.diagnostics import reason
from policylang.project.discovery import Problem, unreadable
from policylang.settings.config import ConfigError
from policylang.text.addresses import without_secrets


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]", type=TEXT)
@click.option("--config", "config_path", type=TEXT, metavar="FILE", help="What the service has to know (YAML).")
@text_option("--host", "ADDRESS", "Where to listen.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="On which port; 0: any.  [default: 8181]")
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes.  [default: 1]")
def serve(
    paths: tuple[str, ...], config_path: str | None, host: str | None, port: int | None, workers: int | None
) -> None:
    """Serve decisions and searches over HTTP: the OpenID AuthZEN Authorization API 1.0.

    PATHS are compiled JSON or a bundle, or sources as for check; or the address (https://…) of compiled JSON or a
    bundle; or a bundle in a registry (oci://HOST/NAME:TAG). When what is there changes, the new policies are checked
    and put in the place of the old ones.
    """
    try:
        from policylang.service.fitting import FittingPolicies
        from policylang.service.server import UnfitError
        from policylang.service.server import serve as run
        from policylang.service.sources import SourceError, is_address, source_of
        from policylang.service.stores.store import StoreError
        from policylang.settings.service import ServiceConfig, read_service_config
    except ImportError as error:
        help = "pip install 'policylang[serve]'"
        stop(Problem("serve", f"needs a package that is not installed: {error.name}", help))
    where = config_path or "serve"
    try:
        config = read_service_config(Path(config_path)) if config_path is not None else ServiceConfig()
    except ConfigError as error:
        stop(Problem.of(str(error.path), error.error))
    except OSError as error:
        stop(unreadable(where, error))
    given = {name: each for name, each in (("host", host), ("port", port), ("workers", workers)) if each is not None}
    config = msgspec.structs.replace(config, **given)
    refusal = config.unsafe()
    if refusal is not None:
        stop(Problem(where, *refusal))
    if config.log is not None:
        files = [path for path in paths if not os.path.isdir(path)]
        check_not_read(config.log.path, (*files, config_path, *config.files))
    keys = [read_verifying_key(path) for path in config.keys]
    try:
        source = FittingPolicies(source_of(paths, keys), config, where)
        run(config, source, lambda base: write_lines([f"serving on {base}"], err=True))
    except SourceError as error:
        where = ", ".join(without_secrets(path) if is_address(path) else path for path in paths) or "."
        stop(error.problem or Problem(where, str(error), "the service starts with policies that may be used"))
    except ImportError as error:
        help = "pip install 'policylang[traces]'"
        stop(Problem(where, f"`traces` need a package that is not installed: {error.name}", help))
    except StoreError as error:
        stop(Problem(where, f"`store`: {error}", "the service starts with a store that can be opened"))
    except UnfitError as error:
        stop(Problem(where, str(error), error.help))
    except OSError as error:
        help = "check `host` and `port`"
        stop(Problem(f"{config.host}:{config.port}", f"cannot listen: {reason(error)}", help))
