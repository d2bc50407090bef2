# Completions of ssectl for fish. What may stand next is asked of ssectl itself: commands and options, and, of a daemon
# that answers at once, ids.

function __ssectl_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    # A quote that is open cannot be unescaped.
    set -l plain (string unescape -- "$typed" 2>/dev/null; or string replace -r '^["\']' '' -- "$typed")
    set -l program $words[1]
    command -q -- $program; or set program ssectl
    set -l lines (command $program __complete fish $words "$plain" 2>/dev/null </dev/null)
    test (count $lines) -gt 0; or return
    set -l how $lines[1]
    set -e lines[1]
    if test "$how" = files
        set -l option (string match -r -- '^--[^=]+=' "$plain")
        for path in (__fish_complete_path (string replace -r -- '^--[^=]+=' '' "$plain"))
            printf '%s%s\n' "$option" $path
        end
    else
        printf '%s\n' $lines
    end
end

complete -c ssectl -f -a '(__ssectl_complete)'
