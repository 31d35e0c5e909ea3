"""A PostgreSQL server of the tests' own: no port, on a socket in a folder of its own, gone when they are over."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from urllib.parse import quote

from sqlalchemy import make_url

GIVEN = "PESABOX_TEST_POSTGRES"
BINARIES = "/usr/lib/postgresql/*/bin"
RAM_DISK = "/dev/shm"
NOT_ROOT = "nobody"  # whom the server runs as where the tests are root, which it refuses
QUICK = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=40"


def program(name: str) -> str | None:
    """Of the newest version that Debian has installed, or of the PATH."""
    installed = sorted(glob.glob(f"{BINARIES}/{name}"), key=lambda path: float(path.split("/")[-3]))
    return installed[-1] if installed else shutil.which(name)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of its database, to which `options` may be added."""
    memory = RAM_DISK if os.access(RAM_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pesabox-postgresql-", dir=memory) as folder:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(NOT_ROOT)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data, log = f"{folder}/data", f"{folder}/log"
        _run("initdb", "-D", data, "-U", "bank", "-A", "trust", "-E", "UTF8", "--no-sync", folder=folder)
        try:
            _run("pg_ctl", "-w", "-D", data, "-l", log, "-o", f"{QUICK} -k {folder}", "start", folder=folder)
            yield f"postgresql://bank@/postgres?host={quote(folder, safe='')}"
        finally:
            _run("pg_ctl", "-w", "-D", data, "-m", "immediate", "stop", folder=folder)


def _run(name: str, *arguments: str, folder: str) -> None:
    command = program(name)
    assert command is not None, "whoever starts a server has looked whether it is installed"
    as_whom = {"user": NOT_ROOT, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run([command, *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **as_whom)


@contextlib.contextmanager
def schemas(server_url: str) -> Iterator[Callable[[], str]]:
    """Makes the URLs of schemas that nobody has used yet, in a database that is dropped in the end."""
    import psycopg

    name, numbers = f"pesabox_{os.getpid()}", itertools.count(1)
    own_url = make_url(server_url).set(database=name)
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(own_url.render_as_string(hide_password=False), autocommit=True) as connection:

            def new_schema() -> str:
                schema = f"bank_{next(numbers)}"
                connection.execute(f"CREATE SCHEMA {schema}".encode())
                return own_url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)

            yield new_schema
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
