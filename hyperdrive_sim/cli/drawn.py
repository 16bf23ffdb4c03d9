"""Help, and messages on wrong use, as rich-click draws them: the same commands once more, in its classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import rich_click

from hyperdrive_sim.cli.ending import ended
from hyperdrive_sim.errors import visible

rich_click.rich_click.TEXT_MARKUP = "rich"

KEPT = ("name", "callback", "params", "help", "epilog", "context_settings")
"""Attributes of a command that ours differ in."""


class _Drawn(rich_click.RichGroup):
    """A group of commands; what it says of wrong use is shown and not obeyed by a terminal, whatever was typed."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _visible():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _visible():
            return super().invoke(ctx)


@contextmanager
def _visible() -> Iterator[None]:
    """Say of wrong use what a terminal can show, and end well if a reader of the help has seen enough."""
    try:
        with ended():
            yield
    except click.ClickException as error:
        said = error.format_message()
        if visible(said) == said:
            raise
        raise click.UsageError(visible(said), getattr(error, "ctx", None)) from None


def drawn(group: click.Group) -> rich_click.RichGroup:
    """A group of commands that draws its help and what it says of wrong use."""
    context = click.Context(group)
    loaded = {name: group.get_command(context, name) for name in group.list_commands(context)}
    commands: dict[str, click.Command] = {name: rich_click.RichCommand(**_kept(one)) for name, one in loaded.items() if one}
    return _Drawn(commands=commands, invoke_without_command=group.invoke_without_command, **_kept(group))


def _kept(command: click.Command) -> dict[str, Any]:
    return {name: getattr(command, name) for name in KEPT}
