"""The command line: thin words around the studio. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from bridge.cli import loops, machine, playing
from bridge.errors import GroovebridgeError
from bridge.files import printing

app = typer.Typer(
    name="groovebridge",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="A drum companion: drum loops for your DAW, in time with it. Without a command it opens the window; "
    "with --fresh, as at its first start.",
)

app.command(epilog=playing.EXAMPLES, short_help="Stream drums into your DAW.")(playing.play)
app.command(epilog=loops.BOUNCE_EXAMPLES, short_help="Write a song of drums as one MIDI file.")(loops.bounce)
app.command(epilog=loops.GENERATE_EXAMPLES, short_help="Write drum loops as MIDI files.")(loops.generate)
app.command(epilog=loops.VARY_EXAMPLES, short_help="Write variations of a loop as MIDI files.")(loops.vary)
app.command(epilog=loops.MORPH_EXAMPLES, short_help="Write the way from one loop to another as MIDI files.")(
    loops.morph
)
app.command(short_help="List the MIDI ports of other programs.")(machine.ports)
app.command(short_help="Measure how long notes take through your DAW and back.")(machine.latency)
app.command(short_help="Say what this machine offers and how well it keeps time.")(machine.doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    0 all well, 1 a sentence on stderr says what is wrong and what to do, 2 a wrong command line, 130
    interrupted.
    """
    try:
        with printing():
            app(args=None if argv is None else list(argv), prog_name="groovebridge")
    except GroovebridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
