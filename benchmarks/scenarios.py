"""200 scenarios of three `provider:` steps, no bank: wall time, and time to the first verdict."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, Size
from benchmarks.process import ENVIRONMENT, Failed
from benchmarks.store import Store

SCENARIOS = 200
STORY = """\
name: push and query {number}
seed: {number}
steps:
  - provider: POST /mpesa/stkpush/v1/processrequest
    body: {{BusinessShortCode: "174379", Password: "{{password}}", Timestamp: "{{timestamp}}",
      TransactionType: CustomerPayBillOnline, Amount: {number}, PartyA: "254708374149", PartyB: "174379",
      PhoneNumber: "254708374149", CallBackURL: "{{callback}}", AccountReference: INV, TransactionDesc: Invoice}}
    save: {{checkout: $.CheckoutRequestID}}
  - provider: POST /mpesa/stkpushquery/v1/query
    body: {{BusinessShortCode: "174379", Password: "{{password}}", Timestamp: "{{timestamp}}",
      CheckoutRequestID: "{{checkout}}"}}
    expect: {{body: {{ResultCode: "4999"}}}}
  - provider: POST /mpesa/stkpushquery/v1/query
    body: {{BusinessShortCode: "174379", Password: "{{password}}", Timestamp: "{{timestamp}}",
      CheckoutRequestID: ws_CO_010120260000000700000000}}
    expect: {{status: 500}}
"""


async def measure(store: Store, size: Size) -> list[Figure]:
    if store.name != "memory":
        return []  # scenarios are played in memory
    count = size.of(SCENARIOS)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, count + 1):
            (Path(folder) / f"story_{number:03d}.yaml").write_text(STORY.format(number=number))
        runs = [_run(folder) for _ in range(size.runs)]
    first, whole = (min(figures) for figures in zip(*runs, strict=True))
    return [
        Figure(f"{count} scenarios of three steps", "memory", whole, "s"),
        Figure("first verdict", "memory", first, "s"),
    ]


def _run(folder: str) -> tuple[float, float]:
    """Seconds to the first verdict, and to the end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "harness.cli", "run", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as run:
        assert run.stdout is not None
        run.stdout.readline()
        first = time.perf_counter() - began
        rest = run.stdout.read().decode()
    if run.returncode != 0:
        raise Failed(rest)
    return first, time.perf_counter() - began
