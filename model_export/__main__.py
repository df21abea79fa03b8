"""Run the command line: `python -m model_export`."""

from model_export.cli import app

app(prog_name="python -m model_export")
