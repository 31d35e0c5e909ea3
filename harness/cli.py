"""The `pesabox` command: verbs by name, imported when called, so that help is there at once."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Mapping

import click
from msgspec import Struct

from harness.loop import GARBAGE_THRESHOLD
from harness.problems import Mistake, Mistakes, nearest


class Verb(Struct, frozen=True):
    place: str
    help: str


VERBS: Mapping[str, Verb] = {
    "serve": Verb("simulator.commands:serve", "The simulator: payment providers on this machine."),
    "bank": Verb("app_under_test.commands:bank", "The bundled bank alone, against any provider URL."),
    "demo": Verb("harness.demo:demo", "Simulator and bank in one process, to play with."),
    "env": Verb("simulator.commands:env", "What to export for clients with a fixed https:// host."),
    "run": Verb("harness.commands:run", "Play scenarios and check what must hold after each."),
    "check": Verb("harness.commands:check", "Read scenarios and chaos profiles without running them."),
    "schema": Verb("harness.schema:schema", "The JSON Schema of scenario files, for editors."),
}


class Verbs(click.Group):
    """A group that knows its verbs' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, function = VERBS[cmd_name].place.partition(":")
        command = getattr(importlib.import_module(module), function)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in VERBS and not args[0].startswith("-"):
            ctx.fail(f'unknown verb "{args[0]}"{nearest(args[0], VERBS)}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])


@click.command(cls=Verbs, name="pesabox", no_args_is_help=True)
@click.version_option(package_name="pesabox", message="pesabox %(version)s")
def group() -> None:
    """A local simulator of Kenyan payment providers, and a test harness around it."""


def main() -> None:
    """Exit code 2 and plain lines on stderr for the caller's mistakes; never a traceback for them."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it looks into every installed package for some
    sys.exit(outcome(sys.argv[1:]))


def outcome(arguments: list[str]) -> int:
    """The exit code, after doing what the arguments ask for."""
    try:
        result = group.main(arguments, prog_name="pesabox", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        click.echo(f"pesabox: {error.format_message()}", err=True)
        return 2
    except Mistakes as error:
        click.echo(str(error), err=True)
        return 2
    except Mistake as error:
        click.echo(f"pesabox: {error}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return 1
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
