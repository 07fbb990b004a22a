"""What a published file may tell of this machine: no home folder, no secrets; and the way back to the files that it names."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

HIDDEN = "***"
"""Stands for a secret."""

_SECRETS = (
    (re.compile(r"\b(?:hf|gh[a-z]|github_pat|glpat|sk|xox[a-z])[_-][A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"), HIDDEN),  # https://user:password@host
    (re.compile(r"(?i)([\w-]*(?:token|secret|passwd|password|api[_-]?key)[\w-]*\s*[=:]\s*|bearer\s+)[^\s&'\"]+"), rf"\g<1>{HIDDEN}"),
)


def told(text: str) -> str:
    """A path or another word as it may be read by anyone: below the working folder relative, below the home folder with ``~``."""
    here, home = os.getcwd(), os.path.expanduser("~")
    for folder, short in ((here, "."), (home, "~"), (os.path.realpath(home), "~")):
        if len(folder) > 1 and (text == folder or text.startswith(folder + "/")):
            text = (short + text[len(folder) :]).removeprefix("./")
            break
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def told_all(value: Any) -> Any:
    """A value made of JSON's types, and paths, with every text in it as `told` tells it."""
    if isinstance(value, dict):
        return {str(key): told_all(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [told_all(part) for part in value]
    return told(str(value)) if isinstance(value, str | Path) else value


def told_command(words: list[str]) -> str:
    """A command line for a shell, its paths and secrets as `told` tells them; ``--name=VALUE`` becomes two words."""
    parts = [part for word in words for part in (word.split("=", 1) if re.match(r"--[a-z-]+=", word) else [word])]
    # A shell reads ~ as the home folder where it is not quoted.
    return " ".join("~/" + shlex.quote(part[2:]) if re.match("~/.", part) else shlex.quote(part) for part in map(told, parts))


def found(text: str, manifest: Path | None = None) -> Path:
    """The file or folder that `told` told of, seen from the working folder, else from one above the manifest; it need not be there."""
    path = Path(text).expanduser()
    above = [] if path.is_absolute() or manifest is None else [folder / path for folder in manifest.absolute().parents]
    return next((candidate for candidate in (path, *above) if candidate.exists()), path)
