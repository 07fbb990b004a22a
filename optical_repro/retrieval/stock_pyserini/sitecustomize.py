"""Python runs this as it starts when its folder is on PYTHONPATH: at the first ``import pyserini``, Java is started first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class JavaFirst(MetaPathFinder):
    """Starts Java at the first look for Pyserini, which it leaves to the finders after it."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Starts Java once, when Python looks for Pyserini; finds nothing itself."""
        if name == "pyserini":
            sys.meta_path.remove(self)
            from optical_repro.retrieval import jvm

            jvm.start_java()


sys.meta_path.insert(0, JavaFirst())
