"""Groups of commands that turn what a command raises into a message and an exit code."""

from typing import Any, ClassVar

import click


class Commands(click.Group):
    """Messages and exit codes by what failed; a group with a ``trouble`` code has that one for every failure."""

    trouble: ClassVar[int | None] = None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from odata_server.cli.failures import report

            code = report(error)
            if code is None:
                raise
            ctx.exit(code if self.trouble is None else self.trouble)


class Comparing(Commands):
    """Exit code 2 for whatever keeps a command from its answer, as diff(1) has it: 1 is an answer."""

    trouble = 2
