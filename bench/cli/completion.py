"""The bash completion script of `python -m bench`.

Typer's own script completes after the name of a program; this one completes after `python -m bench`, by asking Typer.
If Typer offers nothing, bash completes file names.
"""

from __future__ import annotations

# If this is set, Typer prints what would complete the line, and runs nothing.
VARIABLE = "_BENCH_COMPLETE"

SCRIPT = r"""_bench_complete() {
    [ "${COMP_WORDS[1]} ${COMP_WORDS[2]}" = "-m bench" ] || return 1
    local IFS=$'\n'
    COMPREPLY=( $(COMP_WORDS="bench ${COMP_WORDS[*]:3}" COMP_CWORD=$((COMP_CWORD - 2)) \
                  @VARIABLE@=complete_bash "${COMP_WORDS[0]}" -m bench 2> /dev/null) )
}
complete -o default -F _bench_complete python python3""".replace("@VARIABLE@", VARIABLE)
