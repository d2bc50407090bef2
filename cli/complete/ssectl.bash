# Completions of ssectl for bash. What may stand next is asked of ssectl itself: commands and options, and, of a daemon
# that answers at once, ids.
# shellcheck shell=bash

_ssectl() {
    local program=$1 line how=
    type -P -- "$program" >/dev/null || program=ssectl
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $how ]]; then
            how=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <("$program" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null </dev/null)
    case $how in
    files) compopt -o default 2>/dev/null ;;
    open) compopt -o nospace 2>/dev/null ;;
    esac
    return 0
}

complete -o nosort -F _ssectl ssectl 2>/dev/null || complete -F _ssectl ssectl
