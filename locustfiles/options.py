"""What a run may be told beside locust's own options; each also by the variable that its help names."""

from __future__ import annotations

from typing import Any

from locust import events


@events.init_command_line_parser.add_listener
def _add_options(parser: Any, **_: Any) -> None:
    def add(flag: str, **about: Any) -> None:
        variable = "PESABOX_LOAD_" + flag.removeprefix("--").upper().replace("-", "_")
        parser.add_argument(flag, env_var=variable, include_in_web_ui=False, **about)

    add("--provider", default="http://127.0.0.1:8200", help="the simulator that the bank calls")
    add("--control-token", default="", help="the simulator's, if it asks for one")
    add("--shortcode", default="600000", help="the bank's at the provider")
    add("--bank-accounts", default="68:1450160649886,11:36001873000", help="the bank's at banks, as BANK:NUMBER")
    add("--channel-key", default="bank-channel-key", help="the bank's key for customers' routes")
    add("--operator-key", default="bank-operator-key", help="the bank's key for audit and reconciliation")
    add("--chaos", default="", help="a chaos profile: its rules hold from the start of the run to its end")
    add("--settle", type=float, default=240.0, help="seconds after the run until both ledgers must agree")
    add("--max-failures", type=int, default=0, help="the run fails when more requests than these failed")
    add("--p95-credit", type=float, default=0.0, help="seconds that 95 in 100 credits may take; 0 asks nothing")
