"""``python -m optical_repro.pyserini card|push``: the model card of a student, and a student on the Hugging Face Hub."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import card
from .cache import RECORD
from .checkpoints import find
from .errors import InputError
from .terminal import Parser, run_command, say

COMMANDS = {
    "card": "Writes a student's model card, README.md, beside its weights: training text, recipe, scores of its runs, citation.",
    "push": "Puts a student and its card on the Hugging Face Hub (log in first: hf auth login, or set HF_TOKEN).",
}


def parser(command: str) -> argparse.ArgumentParser:
    """The command line of ``card`` or ``push``."""
    made = Parser(prog=f"python -m optical_repro.pyserini {command}", description=COMMANDS[command])
    made.add_argument("student", help="folder of a student, or the manifest of a run that it made")
    if command == "push":
        made.add_argument("name", help="USER/NAME or ORGANISATION/NAME on the Hub; made if it is not there")
        made.add_argument("--private", action="store_true", help="for you alone, where the repository is made")
    made.add_argument("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="where the runs lie (default: %(default)s)")
    return made


def main(command: str, argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    arguments = parser(command).parse_args(argv)
    return run_command(lambda: run(command, arguments))


def run(command: str, arguments: argparse.Namespace) -> None:
    """Writes the card, and puts all on the Hub if that is the command."""
    student = find(arguments.student, arguments.runs_dir).folder
    if command == "card" or not (student / card.CARD).is_file():
        say(f"{card.write(student, arguments.runs_dir)} written")
    if command == "push":
        say(f"{push(student, arguments.name, arguments.private)} holds it")


def push(student: Path, name: str, private: bool = False) -> str:
    """Uploads a student's folder, making its repository if it is not there; returns its address.

    Raises InputError for a name that cannot be, where the Hub is not reached, and where it refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

    hub = HfApi()
    try:
        address = hub.create_repo(name, private=private, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=student, ignore_patterns=[RECORD, ".*"], commit_message="A student of optical_repro")
    except HFValidationError:
        raise InputError(f"{name}: no name for the Hugging Face Hub; expected USER/NAME") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        remedy = "log in with hf auth login, or set HF_TOKEN" if status in (401, 403) else "try again later"
        raise InputError(f"{name}: the Hugging Face Hub refuses it ({status}); {remedy}") from None
    except (OSError, HTTPError) as error:
        raise InputError(f"{name}: the Hugging Face Hub cannot be reached ({type(error).__name__}); go online") from None
    return str(address)
