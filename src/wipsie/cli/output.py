"""What commands print: JSON or tables on stdout, everything about the way there on stderr."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wipsie.kernel.errors import InvalidInput, WipsieError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]

_TABLE_WIDTH = 140
"""Width of tables that go into a file or a pipe."""


def print_json(value: Any) -> None:
    """One JSON document on stdout. Structs, dataclasses and plain values."""
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def print_json_line(value: Any) -> None:
    """One JSON value on a line of its own, at once: for commands that report as they go."""
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def say(text: str, *, style: str | None = None) -> None:
    """A line for a person on stdout."""
    _console().print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def note(text: str, *, style: str | None = "dim") -> None:
    """A line about what happens, on stderr."""
    _console(stderr=True).print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, right: Sequence[str] = ()
) -> None:
    """A table on stdout; the columns named in `right` are aligned to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    _console().print(table)


@contextmanager
def progress(*, hidden: bool = False) -> Generator[Progress]:
    """Progress bars on stderr; they show on a terminal only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = _console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
    )
    with bars:
        yield bars


def confirm(question: str, *, yes: bool) -> None:
    """Go on only with a yes. InvalidInput when nobody can be asked; ends the command when the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"{question} Nobody can be asked here; add --yes to do it.")
    typer.confirm(question, abort=True, err=True)


def print_error(error: WipsieError, *, as_json: bool) -> None:
    """The error envelope on stdout, or one red sentence with the code on stderr."""
    if as_json:
        from wipsie.kernel.clock import SystemClock, iso_utc
        from wipsie.kernel.ids import new_request_id

        print_json(
            {
                "error": {
                    "code": error.code,
                    "message": error.message,
                    "details": error.details,
                    "timestamp": iso_utc(SystemClock().now()),
                    "request_id": new_request_id(),
                }
            }
        )
        return
    from rich.text import Text

    console = _console(stderr=True)
    console.print(Text.assemble((error.message, "red"), (f"  [{error.code}]", "dim")), soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_TABLE_WIDTH)
