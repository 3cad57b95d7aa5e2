# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_octo_global_optspecs
    string join \n h/help V/version
end

function __fish_octo_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_octo_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_octo_using_subcommand
    set -l cmd (__fish_octo_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c octo -n "__fish_octo_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c octo -n "__fish_octo_needs_command" -s V -l version -d 'Print version'
complete -c octo -n "__fish_octo_needs_command" -a "serve" -d 'Serve clients until stopped; the user\'s runner is started when it does not answer'
complete -c octo -n "__fish_octo_needs_command" -a "init" -d 'Make Octo\'s folders and a commented config.toml'
complete -c octo -n "__fish_octo_needs_command" -a "config" -d 'Look at the configuration'
complete -c octo -n "__fish_octo_needs_command" -a "demo" -d 'Show Octo with a real agent and a scripted model: no key needed, nothing of yours is touched'
complete -c octo -n "__fish_octo_needs_command" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octo -n "__fish_octo_using_subcommand serve" -l port -d 'The HTTP port; 0 takes any free one' -r
complete -c octo -n "__fish_octo_using_subcommand serve" -l host -d 'The HTTP address, one of this machine\'s loopback' -r
complete -c octo -n "__fish_octo_using_subcommand serve" -l json -d 'Print one line of JSON on stdout when clients are accepted'
complete -c octo -n "__fish_octo_using_subcommand serve" -l check-config -d 'Read the configuration, say whether it is sound, and exit'
complete -c octo -n "__fish_octo_using_subcommand serve" -s h -l help -d 'Print help'
complete -c octo -n "__fish_octo_using_subcommand init" -s h -l help -d 'Print help'
complete -c octo -n "__fish_octo_using_subcommand config; and not __fish_seen_subcommand_from show help" -s h -l help -d 'Print help'
complete -c octo -n "__fish_octo_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "show" -d 'Print what holds, each value with where it comes from'
complete -c octo -n "__fish_octo_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octo -n "__fish_octo_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c octo -n "__fish_octo_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c octo -n "__fish_octo_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print what holds, each value with where it comes from'
complete -c octo -n "__fish_octo_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octo -n "__fish_octo_using_subcommand demo" -l home -d 'Use this folder, and leave it behind' -r -F
complete -c octo -n "__fish_octo_using_subcommand demo" -l keep -d 'Leave the demo\'s folder behind, and say where it is'
complete -c octo -n "__fish_octo_using_subcommand demo" -l script -d 'Hold one scripted conversation instead of opening octo-tui; so it is without a terminal'
complete -c octo -n "__fish_octo_using_subcommand demo" -s h -l help -d 'Print help'
complete -c octo -n "__fish_octo_using_subcommand help; and not __fish_seen_subcommand_from serve init config demo help" -f -a "serve" -d 'Serve clients until stopped; the user\'s runner is started when it does not answer'
complete -c octo -n "__fish_octo_using_subcommand help; and not __fish_seen_subcommand_from serve init config demo help" -f -a "init" -d 'Make Octo\'s folders and a commented config.toml'
complete -c octo -n "__fish_octo_using_subcommand help; and not __fish_seen_subcommand_from serve init config demo help" -f -a "config" -d 'Look at the configuration'
complete -c octo -n "__fish_octo_using_subcommand help; and not __fish_seen_subcommand_from serve init config demo help" -f -a "demo" -d 'Show Octo with a real agent and a scripted model: no key needed, nothing of yours is touched'
complete -c octo -n "__fish_octo_using_subcommand help; and not __fish_seen_subcommand_from serve init config demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octo -n "__fish_octo_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print what holds, each value with where it comes from'
