"""The facts about a machine that must be equal to compare two runs, or to resume a stopped one.

Every fact of `bench.machine.describe.describe` is listed here exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping

# What must be equal for two runs to be compared, in `identity` of environment.json, by the condition that allows it to
# differ: `--across machine`.
CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "machine": ("processor", "logical_cores", "processors_allowed", "memory_gib", "system", "governor"),
    "versions": ("python", "libraries"),
}

# What must be equal to resume a stopped run, besides code and data.
RESUMABLE = (*CONDITIONS["machine"], *CONDITIONS["versions"], "commit")

# What is only recorded.
RECORDED = (
    "date", "physical_cores", "load_average", "pressure_cpu", "transparent_hugepage", "uncommitted_changes",
    "thread_variables",
)  # fmt: skip
