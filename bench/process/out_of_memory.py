"""Whether something ended for want of memory: a pure judgement of what was raised, or of a worker's last words."""

from __future__ import annotations

import re

# What C++ says as it aborts, the kernel, torch's and XLA's allocators, and Python itself.
_WORDS = re.compile(
    r"MemoryError|std::bad_alloc|out of memory|can't allocate memory|cannot allocate memory|not enough memory"
    r"|RESOURCE_EXHAUSTED",
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says so; libraries raise errors of their own for it."""
    return isinstance(error, MemoryError) or says_out_of_memory(f"{type(error).__name__}: {error}")


def says_out_of_memory(words: str) -> bool:
    """Return whether the last words of a worker say so."""
    return _WORDS.search(words) is not None
