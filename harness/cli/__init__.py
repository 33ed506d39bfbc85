"""The composition root: parses the command line, wires clock, disk and provers, answers exit codes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from harness.cli._commands import COMMANDS, Layout, Parser
from harness.scoreboard.gate import Exit

EXIT_CODES = """\
exit codes:
  0  all that is demanded is discharged
  1  a finding: falsified, a refuted claim not found false, partial, stale, untried, refused
  2  interrupted
  3  the tool or an input failed
  4  usage, or an invalid contract
  5  nothing to check
"""


def parser(chosen: str | None = None) -> Parser:
    """Returns the parser of the command line; only the ``chosen`` command gets its options, if it is one."""
    top = Parser(
        prog="harness",
        description="Training claims as contracts that a machine tries to break.",
        epilog=EXIT_CODES,
        formatter_class=Layout,
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, (text, options) in COMMANDS.items():
        if chosen not in COMMANDS or chosen == name:
            options(commands.add_parser(name, help=text, description=text, formatter_class=Layout))
    return top


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; nothing that goes wrong shows a traceback."""
    from harness.model.problem import InvalidContract

    top = parser(next(iter(arguments), None))
    try:
        options = top.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if options.version:
        return _version()
    if options.command is None:
        top.print_help()
        return Exit.INVALID
    try:
        if options.command == "check":  # many subjects unchanged: before all that judges is imported
            from harness.cli._unchanged import nothing_to_do

            if (code := nothing_to_do(options)) is not None:
                return int(code)
        own = options.command.replace("-", "_") + "_" * (options.command == "import")  # a word of Python's
        module = importlib.import_module(f"harness.cli.{own}")
        return int(module.main(options))
    except InvalidContract as error:
        return _tell(str(error), Exit.INVALID)
    except KeyboardInterrupt:
        return _tell("interrupted; what had finished stays", Exit.INTERRUPTED)
    except Exception as error:
        import os

        if "HARNESS_DEBUG" in os.environ:
            raise
        from harness.cli._failed import failed_text

        return _tell(failed_text(error), Exit.FAILED)


def _tell(message: str, code: Exit) -> int:
    from harness.reports._out import say

    say(message)
    return code


def _version() -> int:
    from harness import __version__
    from harness.reports._out import write

    write(f"harness {__version__}")
    return Exit.DISCHARGED
