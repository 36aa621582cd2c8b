"""`switchboard doctor`: what is right and wrong with this installation, and every setting."""

from dataclasses import asdict

import typer

from inbox import doctor
from inbox.cli import desk, paper

_COLOURS = {doctor.OK: typer.colors.GREEN, doctor.WARNING: typer.colors.YELLOW, doctor.PROBLEM: typer.colors.RED}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("doctor", epilog="Exit code 1 if there is a problem; warnings alone are 0.")(look)


def look(as_json: bool = typer.Option(False, "--json", help="Print JSON for programs.")) -> None:
    """Check this installation and say how to mend what is wrong; then print all settings, secrets masked."""
    found = desk.settings()
    findings = []
    for finding in doctor.examine(found):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        told = [{"name": name, "value": value, "description": about} for name, value, about in doctor.shown(found)]
        paper.show_json({"findings": [asdict(each) for each in findings], "settings": told})
    else:
        typer.echo("\nSettings (environment, or a file .env in the working folder)")
        for name, value, about in doctor.shown(found):
            typer.echo(f"  {name}={value}")
            typer.secho(f"      {about}", dim=True)
    if any(each.state == doctor.PROBLEM for each in findings):
        raise typer.Exit(1)


def _print(finding: doctor.Finding) -> None:
    typer.secho(f"{finding.state:<8}", fg=_COLOURS[finding.state], nl=False)
    typer.echo(f" {finding.about}: {finding.found}")
    if finding.mend:
        typer.echo(f"         {finding.mend}")
