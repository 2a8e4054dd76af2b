"""Recognise out-of-memory errors, from an exception or from the last output of a worker."""

from __future__ import annotations

import re

# Messages of aborting C++ code, the kernel, the allocators of torch and XLA, and Python.
_WORDS = re.compile(
    r"MemoryError|std::bad_alloc|out of memory|can't allocate memory|cannot allocate memory|not enough memory"
    r"|RESOURCE_EXHAUSTED",
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception means out of memory; libraries raise their own errors for it."""
    return isinstance(error, MemoryError) or says_out_of_memory(f"{type(error).__name__}: {error}")


def says_out_of_memory(words: str) -> bool:
    """Return whether the last output of a worker means out of memory."""
    return _WORDS.search(words) is not None
