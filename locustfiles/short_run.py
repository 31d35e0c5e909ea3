"""`make load`: a demo of its own on free ports, customers for a minute on a bad day, and a verdict."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
DEMO = (sys.executable, "-m", "harness.cli", "demo", "--port", "0", "--bank-port", "0")
STOPPED_WITHIN_SECONDS = 30


@contextmanager
def demo(log: Path) -> Iterator[tuple[str, str]]:
    """The addresses of a provider and a bank that are there until the end; what they tell goes to `log`."""
    with log.open("w") as file, subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=file, text=True) as process:
        assert process.stdout is not None
        ready = [process.stdout.readline() for _ in range(2)]
        if not all(": ready on " in line for line in ready):
            sys.exit(f"the demo did not start: see {log}")
        provider, bank = (line.split()[-1] for line in ready)
        try:
            yield provider, bank
        finally:
            process.terminate()
            process.communicate(timeout=STOPPED_WITHIN_SECONDS)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journey", default="mixed_day", help="a file beside this one, without its ending")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--chaos", default=str(HERE.parent / "scenarios" / "chaos" / "bad_day.yaml"))
    parser.add_argument("--settle", type=float, default=240)
    parser.add_argument("--p95-credit", type=float, default=20)
    parser.add_argument("--into", type=Path, default=Path("build/load"), help="where stats.json and demo.log go")
    return parser.parse_args()


def main() -> int:
    told = arguments()
    told.into.mkdir(parents=True, exist_ok=True)
    with demo(told.into / "demo.log") as (provider, bank):
        print(f"{told.users} users for {told.seconds} s at {bank}, whose provider is {provider}", flush=True)
        command = [sys.executable, "-m", "locust", "-f", str(HERE / f"{told.journey}.py"), "--headless"]
        command += ["--host", bank, "--provider", provider, "--chaos", told.chaos]
        command += ["--users", str(told.users), "--spawn-rate", str(told.users), "--run-time", f"{told.seconds}s"]
        command += ["--settle", str(told.settle), "--p95-credit", str(told.p95_credit)]
        command += ["--only-summary", "--loglevel", "WARNING", "--json-file", str(told.into / "stats")]
        command += ["--processes", str(told.processes)] if told.processes > 1 else []
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
