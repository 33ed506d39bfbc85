"""What each command is called, says of itself and takes."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from harness.scoreboard.gate import Exit

FORMATS = "table, markdown, json, html, junit, sarif, github, badge"


class Layout(argparse.RawDescriptionHelpFormatter):
    """Help of a fixed width: asking the terminal for its own costs the import of shutil at every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class Parser(argparse.ArgumentParser):
    """An argument parser whose own exits use the project's code for wrong usage."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong with the command line and exits with code 4."""
        self.print_usage(sys.stderr)
        self.exit(Exit.INVALID, f"{self.prog}: {message}\n")


def _contracts(command: argparse.ArgumentParser) -> None:
    command.add_argument("contracts", nargs="*", metavar="CONTRACT", help="paths or names (default: all)")


def _format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", default="table", help=f"{FORMATS} (default: table)")
    _to_file(command)


def _to_file(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", metavar="FILE", help="write the report to a file")


def _text_or_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=("text", "json"), default="text")


def _code(command: argparse.ArgumentParser) -> None:
    command.add_argument("--allow-code", action="store_true", help="run code that contracts name")


def _check(command: argparse.ArgumentParser) -> None:
    _contracts(command)
    command.add_argument("--all", action="store_true", help="discharge again what is fresh")
    command.add_argument("--rerun", action="store_true", help="train declared runs again, and discharge all")
    command.add_argument(
        "--pack", nargs=2, metavar=("NAME", "FOLDER"), help="judge the subjects in a folder by a pack"
    )
    command.add_argument(
        "--jobs", type=int, metavar="N", help="judge many subjects in N processes (default: all)"
    )
    _code(command)
    _format(command)


def _scoreboard(command: argparse.ArgumentParser) -> None:
    _contracts(command)
    _format(command)
    command.add_argument("--next", action="store_true", help="list what is missing, the critical path first")
    command.add_argument("--since", metavar="REV", help="show what flipped since a git revision")
    command.add_argument("--strict", action="store_true", help="end with the exit code of a check")


def _listed(command: argparse.ArgumentParser) -> None:
    _contracts(command)
    _text_or_json(command)


def _lint(command: argparse.ArgumentParser) -> None:
    _contracts(command)
    command.add_argument("--format", choices=("text", "json", "github"), default="text")


def _run(command: argparse.ArgumentParser) -> None:
    _contracts(command)
    command.add_argument("--rerun", action="store_true", help="train again what has finished")
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), help="only runs that ask for this device"
    )
    command.add_argument("--launcher", metavar="NAME", default="", help="local, torchrun, ray or submitit")
    command.add_argument(
        "--pack", metavar="FILE", help="then check what rests on these runs, and pack evidence and outputs"
    )
    _code(command)


def _runs(command: argparse.ArgumentParser) -> None:
    _text_or_json(command)
    actions = command.add_subparsers(dest="action", metavar="ACTION", parser_class=Parser)
    remove = actions.add_parser("rm", help="delete the outputs of runs")
    remove.add_argument("identities", nargs="*", metavar="IDENTITY", help="the first digits of an identity")
    remove.add_argument("--failed", action="store_true", help="what failed and interrupted runs left")
    remove.add_argument("--undeclared", action="store_true", help="runs that no contract declares any more")


def _data(command: argparse.ArgumentParser) -> None:
    actions = ("list", "build", "verify")
    command.add_argument("action", nargs="?", choices=actions, default="list", help="default: list")
    command.add_argument("corpora", nargs="*", metavar="CORPUS", help="default: all")
    _text_or_json(command)


def _compare(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "before",
        metavar="A",
        help="a git revision, a file of scoreboard --format json or of evidence pack; or a run or release: "
        "a log, a folder, or a folder with one run a seed",
    )
    command.add_argument("after", metavar="B", nargs="?", help="the same (default: the working tree)")
    command.add_argument("--format", choices=("text", "json", "markdown", "html"), default="text")
    _to_file(command)


def _evidence(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    pack = actions.add_parser("pack", help="write evidence, its ledger and optionally runs to one file")
    pack.add_argument("file", metavar="FILE")
    _contracts(pack)
    pack.add_argument("--runs", action="store_true", help="take the outputs of runs along")
    take = actions.add_parser("import", help="verify such a file and take it in")
    take.add_argument("file", metavar="FILE")
    take.add_argument("--limit", type=int, default=8 << 30, help="bytes that it may unpack to (8 GiB)")
    _text_or_json(take)


def _explain(command: argparse.ArgumentParser) -> None:
    command.add_argument("target", metavar="CONTRACT[/SUBJECT][/CRITERION]")
    command.add_argument("--long", action="store_true", help="print the long form of the contract")
    command.add_argument("--html", metavar="FILE", help="write one page, with curves and pictures, to a file")
    _text_or_json(command)


def _kinds(command: argparse.ArgumentParser) -> None:
    command.add_argument("kind", nargs="?")
    command.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    command.add_argument("--check", metavar="FILE", help="only compare the Markdown with what is written")
    _to_file(command)


def _schema(command: argparse.ArgumentParser) -> None:
    command.add_argument("--check", action="store_true", help="only compare with what is written")


def _audit(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="+", metavar="PATH", help="run folders, checkpoints, texts, URLs")
    command.add_argument("--verbose", action="store_true", help="list every relation that holds")
    _text_or_json(command)


def _log(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="logs, or folders of them")
    command.add_argument("--rows", metavar="PATH", help="where the records stand inside a document")
    command.add_argument("--reader", metavar="NAME", help="the format, where it cannot be told")
    command.add_argument("--plot", metavar="COLUMN", help="the column to draw (default: a loss)")
    _text_or_json(command)


def _init(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", metavar="PATH", help="a run's folder, a log, or a checkpoint")
    _written(command, "name")


def _written(command: argparse.ArgumentParser, name: str) -> None:
    told = f"write it (default: contracts/<{name}>.yaml)"
    command.add_argument("--write", nargs="?", const="", metavar="FILE", help=told)


def _new(command: argparse.ArgumentParser) -> None:
    command.add_argument("claim", nargs="?", metavar="KIND", help="of claim (default: list the templates)")
    _written(command, "kind")


def _import(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="+", metavar="PATH", help="contracts of another dialect, or a folder")
    command.add_argument("--output", metavar="FOLDER", help="where to write them (default: contracts/)")
    command.add_argument("--code", metavar="FOLDER", help="where the tests that they name are looked for")
    command.add_argument("--dry-run", action="store_true", help="only report what would become of them")
    command.add_argument("--format", choices=("table", "json"), default="table")


def _attach(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="the run's folder (its name with --check)"
    )
    command.add_argument("--name", help="what contracts call it (default: the folder's name)")
    command.add_argument("--check", action="store_true", help="hold attached runs against their manifests")


def _retract(command: argparse.ArgumentParser) -> None:
    command.add_argument("target", metavar="CONTRACT[/SUBJECT]/CRITERION")
    command.add_argument("--reason", required=True, metavar="TEXT", help="why the verdict was wrong")


def _trust(command: argparse.ArgumentParser) -> None:
    command.add_argument("--remove", action="store_true", help="trust this project no longer")


def _packs(command: argparse.ArgumentParser) -> None:
    command.add_argument("pack", nargs="?", metavar="NAME", help="the pack to write (default: list them)")
    command.add_argument("folder", nargs="?", metavar="FOLDER", help="holds one folder per subject")


def _policy(command: argparse.ArgumentParser) -> None:
    command.add_argument("--policy", metavar="FILE", help="decide by your own policy, not the project's")


def _gate(command: argparse.ArgumentParser) -> None:
    _listed(command)
    _policy(command)
    command.add_argument("--tier", choices=("private", "public"), default="private", help="of the policy")


def _diff(command: argparse.ArgumentParser) -> None:
    command.add_argument("before", metavar="OLD", help="contract or spec file, REVISION:PATH, id@version")
    command.add_argument("after", metavar="NEW", help="the same; or both revisions")
    command.add_argument("path", metavar="PATH", nargs="?", help="the file, if both are revisions")
    _text_or_json(command)


def _key(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    new = actions.add_parser("new", help="write a private key, and its public key beside it")
    new.add_argument("file", metavar="FILE")
    new.add_argument("--checkpoint", action="store_true", help="for checkpoints (P-256, model_signing)")
    show = actions.add_parser("show", help="print the id of a public key")
    show.add_argument("file", metavar="FILE")


def _sign(command: argparse.ArgumentParser) -> None:
    command.add_argument("--key", required=True, metavar="FILE", help="the private key")
    command.add_argument("--heads", metavar="FILE", help="write the ledger's heads there")
    command.add_argument("--checkpoint", metavar="FOLDER", help="sign this folder instead, for model_signing")


def _verify(command: argparse.ArgumentParser) -> None:
    command.add_argument("--key", action="append", default=[], metavar="FILE", help="a public key to trust")
    command.add_argument("--heads", metavar="FILE", help="heads of the ledger that were kept elsewhere")
    command.add_argument("--release", metavar="FOLDER", help="a downloaded release with its claims")
    _policy(command)
    command.add_argument("--checkpoint", metavar="FOLDER", help="verify only such a signed folder")
    command.add_argument("--recheck", action="store_true", help="judge again what needs no run and no code")
    command.add_argument(
        "--trust-times", action="store_true", help="of a checkpoint, read only files that were touched"
    )
    _text_or_json(command)


def _publish(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="FOLDER", help="the release: weights, configuration, card")
    command.add_argument("--repo", required=True, metavar="ID", help="the repository, as OWNER/NAME")
    command.add_argument("--key", metavar="FILE", help="sign the list of all files with this private key")
    command.add_argument("--public", action="store_true", help="for all to see, by the policy's public tier")
    command.add_argument("--yes", action="store_true", help="send it; without, only show what would be sent")


def _export(command: argparse.ArgumentParser) -> None:
    _contracts(command)
    command.add_argument("--format", choices=("vsa", "test-result", "evidence"), default="vsa")
    command.add_argument("--key", metavar="FILE", help="sign each statement with this private key")
    _to_file(command)


def _mutate(command: argparse.ArgumentParser) -> None:
    told = "contracts; or one PACKAGE.MODULE:BUILD, whose faults the laws of training are to catch"
    command.add_argument("contracts", nargs="*", metavar="CONTRACT", help=told)
    command.add_argument("--every", action="store_true", help="of a model: each law on all faults")
    _of_model(command)
    command.add_argument("--format", choices=("text", "json", "html"), default="text")
    _to_file(command)
    command.add_argument(
        "--at-least",
        type=float,
        default=0.0,
        metavar="PERCENT",
        help="end with 1 if fewer are noticed",
    )


def _check_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "target", metavar="PACKAGE.MODULE:BUILD", nargs="?", help="returns a module of torch or an adapter"
    )
    _of_model(command)
    _text_or_json(command)
    _to_file(command)


def _of_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--law", action="append", default=[], metavar="NAME", help="only this; may repeat")
    command.add_argument("--vocab", type=int, default=0, help="symbols of a bare module")
    command.add_argument("--length", type=int, default=0, help="longest window of a bare module")
    command.add_argument("--seed", type=int, default=0, help="of the subject and of what is drawn")
    command.add_argument("--seconds", type=float, default=120.0, help="that one law may take (default: 120)")
    command.add_argument("--jobs", type=int, metavar="N", help="laws tried at a time (default: processors)")


COMMANDS = {
    "check": ("discharge what is not fresh, write evidence, print the scoreboard", _check),
    "scoreboard": ("fold contracts and evidence into the scoreboard", _scoreboard),
    "compare": ("tell two scoreboards, runs or releases apart: what got worse, what moved", _compare),
    "evidence": ("pack evidence into one file, or take such a file in", _evidence),
    "gate": ("refuse unless everything required is discharged by fresh evidence", _gate),
    "lock": ("write down what contracts claim before there is evidence", _contracts),
    "diff": ("tell how a contract or spec changed: tightened, loosened, reworded, added, removed", _diff),
    "key": ("make a key to sign with", _key),
    "sign": ("sign the whole scoreboard with all that it rests on", _sign),
    "verify": ("verify a signed scoreboard offline, from its bytes and a public key", _verify),
    "publish": ("publish a folder with its evidence, if the gate passes for these bytes", _publish),
    "export": ("write the scoreboard as SLSA VSA, in-toto test results, or signed evidence", _export),
    "explain": ("show one criterion with its verdicts and witnesses", _explain),
    "audit": ("try logs, checkpoints and texts without a contract", _audit),
    "log": ("show what is understood of a log: a table and a curve", _log),
    "check-model": ("try the laws of training on a model, its data and its steps", _check_model),
    "mutate": ("plant slips in formulas or a training program, show what nothing notices", _mutate),
    "run": ("make the declared runs that have not finished", _run),
    "runs": ("list the runs that are kept, or delete some", _runs),
    "data": ("list the corpora that can be built offline, build or verify them", _data),
    "init": ("draft a first contract from what lies in a folder", _init),
    "new": ("print or write a commented contract of one kind of claim, to be copied", _new),
    "import": ("make contracts of those of another dialect; what nothing can try is UNTRIED", _import),
    "attach": ("adopt a finished run by its bytes", _attach),
    "retract": ("withdraw a verdict that was wrong, with the reason; nothing is deleted", _retract),
    "trust": ("let code run that the contracts of this project name, for this user", _trust),
    "packs": ("list the contracts that ship, or write one about a folder of subjects", _packs),
    "lint": ("read contracts and specs, list every problem", _lint),
    "kinds": ("list the kinds of obligation, or describe one", _kinds),
    "schema": ("write the JSON Schemas of contract and evidence", _schema),
}
