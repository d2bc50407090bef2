# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ssectld_global_optspecs
    string join \n config= set= socket= h/help V/version
end

function __fish_ssectld_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ssectld_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ssectld_using_subcommand
    set -l cmd (__fish_ssectld_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ssectld -n "__fish_ssectld_needs_command" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_needs_command" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_needs_command" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectld -n "__fish_ssectld_needs_command" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_needs_command" -f -a "run" -d 'Run the daemon; the same as no command'
complete -c ssectld -n "__fish_ssectld_needs_command" -f -a "gateway" -d 'Run the stream engine alone, in the place of the Node SSE gateway'
complete -c ssectld -n "__fish_ssectld_needs_command" -f -a "config" -d 'Look at the settings without running'
complete -c ssectld -n "__fish_ssectld_needs_command" -f -a "store" -d 'Look at the state, back it up, restore it, while no daemon uses it'
complete -c ssectld -n "__fish_ssectld_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectld -n "__fish_ssectld_using_subcommand run" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand run" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand run" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand run" -s h -l help -d 'Print help'
complete -c ssectld -n "__fish_ssectld_using_subcommand run" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -l port -d 'Listen on this port [default: the variable PORT, else that of gateway_server.listen: 3000]' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -l callback-url -d 'Ask and tell this URL [default: the variable CALLBACK_URL, else gateway_server.callback_url]' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -l internal -d 'Serve metrics and health here [default: gateway_server.internal, else nowhere]' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectld -n "__fish_ssectld_using_subcommand gateway" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -s h -l help -d 'Print help'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -f -a "check" -d 'Check the settings; exit code 78 if the daemon could not run with them'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -f -a "show" -d 'Print every setting with where it is from, as a file that says the same'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and not __fish_seen_subcommand_from check show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from check" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from check" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from show" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from show" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the settings; exit code 78 if the daemon could not run with them'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print every setting with where it is from, as a file that says the same'
complete -c ssectld -n "__fish_ssectld_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -s h -l help -d 'Print help'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -f -a "check" -d 'Check every record, and say what there is; exit code 78 if a daemon could not go on with it'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -f -a "export" -d 'Write all of it as lines of JSON, to be kept or to be imported elsewhere'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -f -a "import" -d 'Make a state out of what was exported, where there is none'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and not __fish_seen_subcommand_from check export import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from check" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from check" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from check" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from export" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from export" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from export" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from import" -l config -d 'Read settings from this TOML file; stronger are variables (SSECTLD_LISTEN__PUBLIC), then --set' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from import" -l set -d 'Set any key of the file, as in --set listen.public=127.0.0.1:0; may be repeated, the last one wins' -r
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from import" -l socket -d 'Put the control socket here; short for --set control.socket=PATH' -r -F
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from import" -l replace -d 'If there is a state, put its file aside under another name'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check every record, and say what there is; exit code 78 if a daemon could not go on with it'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write all of it as lines of JSON, to be kept or to be imported elsewhere'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "import" -d 'Make a state out of what was exported, where there is none'
complete -c ssectld -n "__fish_ssectld_using_subcommand store; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and not __fish_seen_subcommand_from run gateway config store help" -f -a "run" -d 'Run the daemon; the same as no command'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and not __fish_seen_subcommand_from run gateway config store help" -f -a "gateway" -d 'Run the stream engine alone, in the place of the Node SSE gateway'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and not __fish_seen_subcommand_from run gateway config store help" -f -a "config" -d 'Look at the settings without running'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and not __fish_seen_subcommand_from run gateway config store help" -f -a "store" -d 'Look at the state, back it up, restore it, while no daemon uses it'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and not __fish_seen_subcommand_from run gateway config store help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the settings; exit code 78 if the daemon could not run with them'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print every setting with where it is from, as a file that says the same'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "check" -d 'Check every record, and say what there is; exit code 78 if a daemon could not go on with it'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "export" -d 'Write all of it as lines of JSON, to be kept or to be imported elsewhere'
complete -c ssectld -n "__fish_ssectld_using_subcommand help; and __fish_seen_subcommand_from store" -f -a "import" -d 'Make a state out of what was exported, where there is none'
