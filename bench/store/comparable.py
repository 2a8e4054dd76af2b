"""Which facts about a machine must be the same: for two runs to be compared, and for a stopped one to go on.

This is the one place that knows. Every fact of `bench.machine.describe.describe` is listed here once.
"""

from __future__ import annotations

from collections.abc import Mapping

# What must be the same for two runs to be compared, by the word that allows it to differ: `--across machine`.
CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "machine": ("processor", "logical_cores", "processors_allowed", "memory_gib", "system", "governor"),
    "versions": ("python", "libraries"),
}

# What must be the same for a stopped run to go on, beside code and data.
RESUMABLE = (*CONDITIONS["machine"], *CONDITIONS["versions"], "commit")

# What is recorded, and decides nothing.
RECORDED = (
    "date", "physical_cores", "load_average", "pressure_cpu", "transparent_hugepage", "uncommitted_changes",
    "thread_variables",
)  # fmt: skip
