# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_hstry_global_optspecs
    string join \n socket= json h/help V/version
end

function __fish_hstry_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_hstry_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_hstry_using_subcommand
    set -l cmd (__fish_hstry_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c hstry -n "__fish_hstry_needs_command" -l socket -d 'Where the history is served, if not in this user\'s usual place' -r -F
complete -c hstry -n "__fish_hstry_needs_command" -l json -d 'Print JSON: one object a line'
complete -c hstry -n "__fish_hstry_needs_command" -s h -l help -d 'Print help'
complete -c hstry -n "__fish_hstry_needs_command" -s V -l version -d 'Print version'
complete -c hstry -n "__fish_hstry_needs_command" -f -a "list" -d 'List the sessions, the one that changed last first'
complete -c hstry -n "__fish_hstry_needs_command" -f -a "show" -d 'Print the messages of a session, the oldest first'
complete -c hstry -n "__fish_hstry_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c hstry -n "__fish_hstry_using_subcommand list" -l socket -d 'Where the history is served, if not in this user\'s usual place' -r -F
complete -c hstry -n "__fish_hstry_using_subcommand list" -l json -d 'Print JSON: one object a line'
complete -c hstry -n "__fish_hstry_using_subcommand list" -s h -l help -d 'Print help'
complete -c hstry -n "__fish_hstry_using_subcommand show" -l last -d 'Only the last so many, 1 to 200; without it all' -r
complete -c hstry -n "__fish_hstry_using_subcommand show" -l socket -d 'Where the history is served, if not in this user\'s usual place' -r -F
complete -c hstry -n "__fish_hstry_using_subcommand show" -l json -d 'Print JSON: one object a line'
complete -c hstry -n "__fish_hstry_using_subcommand show" -s h -l help -d 'Print help'
complete -c hstry -n "__fish_hstry_using_subcommand help; and not __fish_seen_subcommand_from list show help" -f -a "list" -d 'List the sessions, the one that changed last first'
complete -c hstry -n "__fish_hstry_using_subcommand help; and not __fish_seen_subcommand_from list show help" -f -a "show" -d 'Print the messages of a session, the oldest first'
complete -c hstry -n "__fish_hstry_using_subcommand help; and not __fish_seen_subcommand_from list show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
