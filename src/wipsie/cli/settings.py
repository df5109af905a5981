"""`settings` and `openapi`: what this Wipsie is set to, and what its API looks like."""

from __future__ import annotations

from typing import Annotated

import typer

from wipsie.cli.output import AsJson, print_json, print_table


def settings(
    example: Annotated[bool, typer.Option("--example", help="Print a commented .env file with the defaults.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print every setting and its value now; secrets are masked.

    \b
    Examples:
      wipsie settings
      wipsie settings --example > .env
    """
    from wipsie.app.settings import load_settings
    from wipsie.app.settings.example import env_example

    if example:
        typer.echo(env_example(), nl=False)
        return
    shown = load_settings().shown()
    if as_json:
        print_json(shown)
    else:
        print_table(["variable", "value"], shown.items())


def openapi() -> None:
    """Print the OpenAPI 3.1 description of the API; it needs no running Wipsie.

    \b
    Example:
      wipsie openapi > openapi.json
    """
    from wipsie.app.openapi import openapi_document

    typer.echo(openapi_document(), nl=False)
