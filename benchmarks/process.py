"""A server in a process of its own, and what the operating system says of it. Reads /proc, so that it needs Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# The first of the runs compiles, as an installation does.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}


class Failed(Exception):
    """What was to be measured did not do what it should: there is no figure."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def cpu_seconds(self) -> float:
        """All that the process has used of any core so far, in user mode and in the kernel."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def resident_megabytes(pid: int | str = "self") -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024


@contextmanager
def running(module: str, *arguments: str) -> Iterator[Process]:
    """`python -m module`, which prints a line that ends with its URL once it answers. It is told to stop at the end."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as started:
        assert started.stdout is not None
        try:
            line = started.stdout.readline()
            if not line:
                raise Failed(f"{' '.join(command)} did not start")
            yield Process(started.pid, line.split()[-1])
        finally:
            started.terminate()


def simulator(store: str, *flags: str) -> list[str]:
    """The arguments of `running` for the simulator as a user starts it. `store` is the value of `--store`."""
    return ["harness.cli", "serve", "--port", "0", "--quiet", "--store", store, *flags]
