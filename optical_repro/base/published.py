"""Paths and secrets in files that are published: the home folder is shortened, secrets are masked; paths can be found again."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

HIDDEN = "***"
"""Replaces a secret."""

_SECRETS = (
    (re.compile(r"\b(?:hf|gh[a-z]|github_pat|glpat|sk|xox[a-z])[_-][A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)"), HIDDEN),  # https://user:password@host
    (re.compile(r"(?i)([\w-]*(?:token|secret|passwd|password|api[_-]?key)[\w-]*\s*[=:]\s*|bearer\s+)[^\s&'\"]+"), rf"\g<1>{HIDDEN}"),
)

_FILES_OF_A_LANGUAGE = re.compile(r"([a-z]{2,3}(?:[-_][A-Z]\w+)?:)(.+)")
"""``ha:one.tsv,two.tsv``."""


def public_text(text: str) -> str:
    """A path or another word without private parts: relative below the working folder, with ``~`` below the home, secrets masked."""
    if files := _FILES_OF_A_LANGUAGE.fullmatch(text):
        return files[1] + ",".join(map(public_text, files[2].split(",")))
    here, home = os.getcwd(), os.path.expanduser("~")
    for folder, short in ((here, "."), (home, "~"), (os.path.realpath(home), "~")):
        if len(folder) > 1 and (text == folder or text.startswith(folder + "/")):
            text = (short + text[len(folder) :]).removeprefix("./")
            break
    for secret, replacement in _SECRETS:
        text = secret.sub(replacement, text)
    return text


def public_value(value: Any) -> Any:
    """A value of JSON types and paths, with `public_text` applied to every text in it."""
    if isinstance(value, dict):
        return {str(key): public_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [public_value(part) for part in value]
    return public_text(str(value)) if isinstance(value, str | Path) else value


def public_command(words: list[str]) -> str:
    """A command line for a shell, with `public_text` applied to its words; ``--name=VALUE`` becomes two words."""
    parts = [part for word in words for part in (word.split("=", 1) if re.match(r"--[a-z-]+=", word) else [word])]
    # A shell expands ~ only if it is not quoted.
    return " ".join("~/" + shlex.quote(part[2:]) if re.match("~/.", part) else shlex.quote(part) for part in map(public_text, parts))


def find_file(text: str, manifest: Path | None = None) -> Path:
    """The path that `public_text` shortened: relative to the working folder, else to a folder above the manifest; it need not exist."""
    path = Path(text).expanduser()
    candidates = [] if path.is_absolute() or manifest is None else [folder / path for folder in manifest.absolute().parents]
    return next((place for place in (path, *candidates) if place.exists()), path)
