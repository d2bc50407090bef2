# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ssectl_global_optspecs
    string join \n socket= timeout= o/output= json q/quiet v/verbose no-input color= h/help V/version
end

function __fish_ssectl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ssectl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ssectl_using_subcommand
    set -l cmd (__fish_ssectl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ssectl -n "__fish_ssectl_needs_command" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_needs_command" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_needs_command" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_needs_command" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_needs_command" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_needs_command" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_needs_command" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_needs_command" -s V -l version -d 'Print version'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "connections" -d 'Who is connected'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "conn" -d 'Who is connected'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "version" -d 'Frontend versions: tell browsers of a new one'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "ver" -d 'Frontend versions: tell browsers of a new one'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "task" -d 'Background tasks that browsers see'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "event" -d 'Events of your own'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "status" -d 'How the daemon is'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "wait" -d 'Wait for something: asks the daemon once, and again where that is gone'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "audit" -d 'Who ordered what, newest first; for operators'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "daemon" -d 'The daemon itself'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "schema" -d 'What is said in JSON: the OpenAPI document of the control API, or one JSON Schema of it'
complete -c ssectl -n "__fish_ssectl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "list" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "ls" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "show" -d 'Shows one connection'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "watch" -d 'Watches connections come, go and change, until Ctrl-C'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "disconnect" -d 'Ends connections; browsers normally come back'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "unblock" -d 'Lets request ids in again that `disconnect --no-reconnect` has shut out'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l ghosts -d 'Also those found gone at the gateway in the last ten minutes'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l blocked -d 'Instead: the request ids that are refused, until when, why and by whom'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l ghosts -d 'Also those found gone at the gateway in the last ten minutes'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l blocked -d 'Instead: the request ids that are refused, until when, why and by whom'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -l filter -d 'Only what has this: type=disconnected, reason=slow_consumer, lifetime<5s; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l token -d 'A stream\'s token, instead of its request id; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l filter -d 'Those of which this holds, as `connections list` has it: queued>10k, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l expect -d 'Only if it is so many: otherwise nothing is done, and the exit code is 6' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l reason -d 'Why: for the audit log, the daemon\'s log, and the browsers' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l no-reconnect -d 'Refuse their request ids from now on, for so long: 10m unless given, 30 days at most' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l all -d 'Everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l yes -d 'Ask nothing: do it'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l dry-run -d 'Show whom it would be; nothing is done'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l private -d 'Do not tell browsers the reason'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from disconnect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from unblock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from help" -f -a "show" -d 'Shows one connection'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Watches connections come, go and change, until Ctrl-C'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from help" -f -a "disconnect" -d 'Ends connections; browsers normally come back'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from help" -f -a "unblock" -d 'Lets request ids in again that `disconnect --no-reconnect` has shut out'
complete -c ssectl -n "__fish_ssectl_using_subcommand connections; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "list" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "ls" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "show" -d 'Shows one connection'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "watch" -d 'Watches connections come, go and change, until Ctrl-C'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "disconnect" -d 'Ends connections; browsers normally come back'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "unblock" -d 'Lets request ids in again that `disconnect --no-reconnect` has shut out'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and not __fish_seen_subcommand_from list ls show watch disconnect unblock help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l ghosts -d 'Also those found gone at the gateway in the last ten minutes'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l blocked -d 'Instead: the request ids that are refused, until when, why and by whom'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l ghosts -d 'Also those found gone at the gateway in the last ten minutes'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l blocked -d 'Instead: the request ids that are refused, until when, why and by whom'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -l filter -d 'Only what has this: type=disconnected, reason=slow_consumer, lifetime<5s; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l token -d 'A stream\'s token, instead of its request id; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l filter -d 'Those of which this holds, as `connections list` has it: queued>10k, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l expect -d 'Only if it is so many: otherwise nothing is done, and the exit code is 6' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l reason -d 'Why: for the audit log, the daemon\'s log, and the browsers' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l no-reconnect -d 'Refuse their request ids from now on, for so long: 10m unless given, 30 days at most' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l all -d 'Everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l yes -d 'Ask nothing: do it'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l dry-run -d 'Show whom it would be; nothing is done'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l private -d 'Do not tell browsers the reason'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from disconnect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from unblock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from help" -f -a "show" -d 'Shows one connection'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Watches connections come, go and change, until Ctrl-C'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from help" -f -a "disconnect" -d 'Ends connections; browsers normally come back'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from help" -f -a "unblock" -d 'Lets request ids in again that `disconnect --no-reconnect` has shut out'
complete -c ssectl -n "__fish_ssectl_using_subcommand conn; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "queue" -d 'Tells browsers of a new version, those connected now and those that connect later'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "list" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "ls" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "show" -d 'Shows the version that this request id is told: its own, else the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "history" -d 'Lists the last 100 versions that were queued, newest first, and how far each has come'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "status" -d 'Shows how many of the present connections were sent which version'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "clear" -d 'Forgets a pending version: by default the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "current" -d 'Shows the version that a newcomer is told'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l changelog -d 'What is new in it' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l changelog-file -d 'A file that says what is new in it; - is stdin' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l request-id -d 'Only for this browser' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l expect-pending -d 'Refuse (exit code 6) unless this version is pending; \'\' for none' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l min-written -d 'To how many of them, those that left not counted: 95%, or a number [default: 100%]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l live-to-all -d 'With --request-id: everyone connected is told now, later only that browser'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l if-changed -d 'Do nothing where the same version, with the same changelog, is pending already'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l dry-run -d 'Say what would be done, and do nothing'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l wait -d 'Wait until it was written to those selected: 30 s, or --timeout; exit code 8 where it was not'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from queue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l request-id -d 'The one pending for this request id' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l all -d 'Every pending version'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from current" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "queue" -d 'Tells browsers of a new version, those connected now and those that connect later'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "show" -d 'Shows the version that this request id is told: its own, else the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "history" -d 'Lists the last 100 versions that were queued, newest first, and how far each has come'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "status" -d 'Shows how many of the present connections were sent which version'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Forgets a pending version: by default the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "current" -d 'Shows the version that a newcomer is told'
complete -c ssectl -n "__fish_ssectl_using_subcommand version; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "queue" -d 'Tells browsers of a new version, those connected now and those that connect later'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "list" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "ls" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "show" -d 'Shows the version that this request id is told: its own, else the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "history" -d 'Lists the last 100 versions that were queued, newest first, and how far each has come'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "status" -d 'Shows how many of the present connections were sent which version'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "clear" -d 'Forgets a pending version: by default the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "current" -d 'Shows the version that a newcomer is told'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and not __fish_seen_subcommand_from queue list ls show history status clear current help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l changelog -d 'What is new in it' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l changelog-file -d 'A file that says what is new in it; - is stdin' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l request-id -d 'Only for this browser' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l expect-pending -d 'Refuse (exit code 6) unless this version is pending; \'\' for none' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l min-written -d 'To how many of them, those that left not counted: 95%, or a number [default: 100%]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l live-to-all -d 'With --request-id: everyone connected is told now, later only that browser'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l if-changed -d 'Do nothing where the same version, with the same changelog, is pending already'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l dry-run -d 'Say what would be done, and do nothing'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l wait -d 'Wait until it was written to those selected: 30 s, or --timeout; exit code 8 where it was not'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from queue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l request-id -d 'The one pending for this request id' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l all -d 'Every pending version'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from current" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "queue" -d 'Tells browsers of a new version, those connected now and those that connect later'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "show" -d 'Shows the version that this request id is told: its own, else the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "history" -d 'Lists the last 100 versions that were queued, newest first, and how far each has come'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "status" -d 'Shows how many of the present connections were sent which version'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Forgets a pending version: by default the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "current" -d 'Shows the version that a newcomer is told'
complete -c ssectl -n "__fish_ssectl_using_subcommand ver; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "start" -d 'Starts a built-in task: demo or failing'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "run" -d 'Runs a command as a task that browsers see; ends with its exit code'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "create" -d 'Creates a task that you report yourself, and prints its id'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "progress" -d 'Reports how far your task is; also without news, to show that it lives'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "complete" -d 'Ends your task well'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "fail" -d 'Ends your task badly'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "list" -d 'Lists tasks, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "ls" -d 'Lists tasks, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "show" -d 'Shows one task'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "follow" -d 'Follows a task to its end; exit code 10 if it did not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "cancel" -d 'Cancels a task'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "remove" -d 'Forgets a task that has ended'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and not __fish_seen_subcommand_from start run create progress complete fail list ls show follow cancel remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l param -d 'A parameter, steps=5 for example; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -s f -l follow -d 'Follow it to its end; exit code 10 if it does not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l name -d 'Its name, for people' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l interval -d 'Tell of its progress this often at most' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l share-output -d 'Tell browsers also the latest line of its output, without control characters, cut to 200'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l no-percent -d 'Do not look for percentages in its output: only `::progress` counts'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l raw -d 'Give it our stdout and stderr themselves; its output is not read then'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l require-daemon -d 'Do not run it unless the daemon has its task'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l name -d 'Its name, for people' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l text -d 'What it is doing' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l value -d 'How far it is, 0 to 1' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l percent -d 'How far it is, 0 to 100' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from progress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l result -d 'Its result, a JSON object' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from complete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l error -d 'Why it failed; browsers see it' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from fail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from follow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "start" -d 'Starts a built-in task: demo or failing'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "run" -d 'Runs a command as a task that browsers see; ends with its exit code'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "create" -d 'Creates a task that you report yourself, and prints its id'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "progress" -d 'Reports how far your task is; also without news, to show that it lives'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "complete" -d 'Ends your task well'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "fail" -d 'Ends your task badly'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists tasks, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "show" -d 'Shows one task'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "follow" -d 'Follows a task to its end; exit code 10 if it did not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'Cancels a task'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Forgets a task that has ended'
complete -c ssectl -n "__fish_ssectl_using_subcommand task; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -f -a "send" -d 'Sends an event to everyone connected now, or to one browser'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and not __fish_seen_subcommand_from send help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l request-id -d 'Only for this browser' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l allow-unreachable -d 'Succeed with a warning where the daemon cannot be reached and nothing was sent; nothing else is forgiven'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from help" -f -a "send" -d 'Sends an event to everyone connected now, or to one browser'
complete -c ssectl -n "__fish_ssectl_using_subcommand event; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -l check -d 'Exit code 10 unless the daemon is ready and nothing is degraded'
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -f -a "ready" -d 'Waits until the daemon is ready, also for one that is not there yet or is being restarted'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -f -a "version" -d 'Waits until a version was queued, and, with --min-written, has been written'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -f -a "task" -d 'Waits until a task has ended, also for one that is not there yet; exit code 10 if it did not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -f -a "drained" -d 'Waits until no stream is left; a daemon that is not there has none'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and not __fish_seen_subcommand_from ready version task drained help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -l timeout -d 'How long to wait; 0 looks once. Exit code 7 when it is over' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from ready" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -l min-written -d 'To how many of those that were selected, and have not left, it is to be written: 95%, or a number' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -l timeout -d 'How long to wait; 0 looks once. Exit code 7 when it is over' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -l timeout -d 'How long to wait; 0 looks once. Exit code 7 when it is over' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from task" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -l timeout -d 'How long to wait; 0 looks once. Exit code 7 when it is over' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from drained" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from help" -f -a "ready" -d 'Waits until the daemon is ready, also for one that is not there yet or is being restarted'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from help" -f -a "version" -d 'Waits until a version was queued, and, with --min-written, has been written'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from help" -f -a "task" -d 'Waits until a task has ended, also for one that is not there yet; exit code 10 if it did not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from help" -f -a "drained" -d 'Waits until no stream is left; a daemon that is not there has none'
complete -c ssectl -n "__fish_ssectl_using_subcommand wait; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l since -d 'Not longer ago than this (1h, 30m), or not before this time (2026-01-31T08:00:00Z)' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l before -d 'Older than the entry with this number' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l filter -d 'Only those of which this holds: state=live, user_agent~Firefox, age>2h; may be repeated' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l sort -d 'In this order: age, or -age for the largest first; several separated by commas' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l limit -d 'At most so many' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l columns -d 'The columns of the table, separated by commas [default: the usual ones; all with -o wide]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -s w -l watch -d 'Go on: draw the table again every two seconds, or this often; with -o jsonl print what changes' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l no-headers -d 'Leave the line of headers out'
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -f -a "stop" -d 'Stops the daemon gracefully, and waits until it is gone'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -f -a "reload" -d 'Reads the settings again: all that may change at once does, or, if anything is wrong, nothing'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -f -a "drain" -d 'Sends embedded streams away, evenly over a time, and lets no new ones in'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and not __fish_seen_subcommand_from stop reload drain help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l no-wait -d 'Do not wait'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l over -d 'Send them away over this time, also those that are left of a drain under way [default: 60s]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l key -l deploy-id -d 'Makes the order repeatable: the same key and order is carried out once [default: generated]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l dry-run -d 'Only say how many streams there are and how many browsers would come back in a second'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l cancel -d 'Take it back: who is left stays, new streams are let in'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l no-wait -d 'Do not wait until no stream is left'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stops the daemon gracefully, and waits until it is gone'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "reload" -d 'Reads the settings again: all that may change at once does, or, if anything is wrong, nothing'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "drain" -d 'Sends embedded streams away, evenly over a time, and lets no new ones in'
complete -c ssectl -n "__fish_ssectl_using_subcommand daemon; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -l socket -d 'The daemon\'s control socket [default: SSECTL_SOCKET, or where a daemon answers]' -r -F
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -l timeout -d 'How long an answer may take, 500ms or 10s or 2m [default: 10s; none for following]' -r
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -s o -l output -d 'What to print' -r -f -a "table\t'For people'
wide\t'The same with all columns'
json\t'The daemon\'s answer; errors too, on stderr'
jsonl\t'The items alone, one a line'
name\t'Bare ids, one a line'"
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -l list -d 'Say which kinds there are'
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -l json -d 'The same as `-o json`'
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -s q -l quiet -d 'Print nothing but the answer: no notes, no progress'
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -s v -l verbose -d 'Say which socket is used and why, and what was asked'
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -l no-input -d 'Never read from the terminal'
complete -c ssectl -n "__fish_ssectl_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "connections" -d 'Who is connected'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "version" -d 'Frontend versions: tell browsers of a new one'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "task" -d 'Background tasks that browsers see'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "event" -d 'Events of your own'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "status" -d 'How the daemon is'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "wait" -d 'Wait for something: asks the daemon once, and again where that is gone'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "audit" -d 'Who ordered what, newest first; for operators'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "daemon" -d 'The daemon itself'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "schema" -d 'What is said in JSON: the OpenAPI document of the control API, or one JSON Schema of it'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and not __fish_seen_subcommand_from connections version task event status wait audit daemon schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from connections" -f -a "list" -d 'Lists connections, oldest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from connections" -f -a "show" -d 'Shows one connection'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from connections" -f -a "watch" -d 'Watches connections come, go and change, until Ctrl-C'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from connections" -f -a "disconnect" -d 'Ends connections; browsers normally come back'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from connections" -f -a "unblock" -d 'Lets request ids in again that `disconnect --no-reconnect` has shut out'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "queue" -d 'Tells browsers of a new version, those connected now and those that connect later'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "list" -d 'Lists pending versions, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "show" -d 'Shows the version that this request id is told: its own, else the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "history" -d 'Lists the last 100 versions that were queued, newest first, and how far each has come'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "status" -d 'Shows how many of the present connections were sent which version'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "clear" -d 'Forgets a pending version: by default the one for everyone'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from version" -f -a "current" -d 'Shows the version that a newcomer is told'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "start" -d 'Starts a built-in task: demo or failing'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "run" -d 'Runs a command as a task that browsers see; ends with its exit code'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "create" -d 'Creates a task that you report yourself, and prints its id'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "progress" -d 'Reports how far your task is; also without news, to show that it lives'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "complete" -d 'Ends your task well'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "fail" -d 'Ends your task badly'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "list" -d 'Lists tasks, newest first'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "show" -d 'Shows one task'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "follow" -d 'Follows a task to its end; exit code 10 if it did not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "cancel" -d 'Cancels a task'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from task" -f -a "remove" -d 'Forgets a task that has ended'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from event" -f -a "send" -d 'Sends an event to everyone connected now, or to one browser'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from wait" -f -a "ready" -d 'Waits until the daemon is ready, also for one that is not there yet or is being restarted'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from wait" -f -a "version" -d 'Waits until a version was queued, and, with --min-written, has been written'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from wait" -f -a "task" -d 'Waits until a task has ended, also for one that is not there yet; exit code 10 if it did not complete'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from wait" -f -a "drained" -d 'Waits until no stream is left; a daemon that is not there has none'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "stop" -d 'Stops the daemon gracefully, and waits until it is gone'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "reload" -d 'Reads the settings again: all that may change at once does, or, if anything is wrong, nothing'
complete -c ssectl -n "__fish_ssectl_using_subcommand help; and __fish_seen_subcommand_from daemon" -f -a "drain" -d 'Sends embedded streams away, evenly over a time, and lets no new ones in'
