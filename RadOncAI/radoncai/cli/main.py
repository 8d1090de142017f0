"""The command `radoncai`: parse, run, and turn every ending into words and an exit code."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from importlib import import_module

from radoncai import __version__
from radoncai.cli.terminal import TerminalProgress
from radoncai.core.bug_log import log_bug
from radoncai.core.errors import Cancelled, InputError, PlatformError, RadOncAIError

COMMANDS = ("demo", "contour", "dose", "dvh", "bodycomp", "image", "presets", "register", "compare", "convert", "check",
            "models", "install")
NOTICE = "For research and teaching; not a medical device. Results are not approved."


class Parser(argparse.ArgumentParser):
    """argparse whose complaint is one sentence with exit code 2."""

    def parse_known_args(self, args=None, namespace=None):
        """A NAME that stands behind an option too; argparse of Python 3.11 leaves it over."""
        known, rest = super().parse_known_args(args, namespace)
        if rest and not rest[0].startswith("-") and getattr(known, "name", "") is None:
            known.name = rest.pop(0)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return known, rest

    def error(self, message: str) -> None:
        raise InputError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def build_parser() -> Parser:
    """All commands; each command's file describes its own options."""
    parser = Parser(prog="radoncai", description=f"Contours, dose and body composition from CT. {NOTICE}")
    parser.add_argument("--version", action="version", version=f"radoncai {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = import_module(f"radoncai.cli.{name}")
        sub = commands.add_parser(name, help=module.SUMMARY, description=f"{module.SUMMARY}. {NOTICE}")
        module.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")
        sub.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
        sub.set_defaults(run=module.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code of design 5.1."""
    arguments = sys.argv[1:] if argv is None else argv
    terminal = TerminalProgress(sys.stderr)
    try:
        args = build_parser().parse_args(arguments)
        logging.basicConfig(stream=sys.stderr, level=logging.INFO if args.verbose else logging.ERROR)
        outcome = args.run(args, terminal.progress)
        terminal.close()
        if args.json:
            print(json.dumps(outcome.result, ensure_ascii=False, default=str))
        else:
            print("\n".join(outcome.lines))
        return outcome.exit_code
    except KeyboardInterrupt:
        return _complain(terminal, Cancelled("Stopped as asked; nothing was written."))
    except RadOncAIError as error:
        return _complain(terminal, error)
    except MemoryError:
        return _complain(
            terminal, PlatformError("The memory of this machine is used up; close programs or crop the image.")
        )
    except Exception as error:
        place = log_bug(error, arguments[0] if arguments else "", arguments[1:])
        return _complain(terminal, RadOncAIError(f"Something unexpected happened; the details are in {place}."))


def _complain(terminal: TerminalProgress, error: RadOncAIError) -> int:
    terminal.close()
    sentence = " ".join(str(error).split())
    print(f"radoncai: error: {sentence}", file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
