"""200 scenarios of three `provider:` steps, no bank: wall time, and time to the first verdict. Best of five runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCENARIOS, RUNS = 200, 5
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


def measured(folder: str) -> tuple[float, float]:
    """Seconds to the first verdict, and to the end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "harness.cli", "run", folder]
    compiled = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # the first of the runs compiles, as an installation does
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=compiled) as run:
        assert run.stdout is not None
        run.stdout.readline()
        first = time.perf_counter() - began
        rest = run.stdout.read().decode()
    if run.returncode != 0:
        sys.exit(rest)
    return first, time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, SCENARIOS + 1):
            (Path(folder) / f"story_{number:03d}.yaml").write_text(STORY.format(number=number))
        runs = [measured(folder) for _ in range(RUNS)]
    first, whole = (min(figures) for figures in zip(*runs, strict=True))
    print(f"{SCENARIOS} scenarios of three provider: steps: {whole:.2f} s; first verdict after {first:.2f} s")


if __name__ == "__main__":
    main()
