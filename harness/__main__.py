"""`python -m harness` is the `pesabox` command."""

from harness.cli import main

main()
