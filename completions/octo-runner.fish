# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_octo_runner_global_optspecs
    string join \n json h/help V/version
end

function __fish_octo_runner_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_octo_runner_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_octo_runner_using_subcommand
    set -l cmd (__fish_octo_runner_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c octo-runner -n "__fish_octo_runner_needs_command" -l json -d 'Print one line of JSON when it accepts: {"ready":true,"socket":...}'
complete -c octo-runner -n "__fish_octo_runner_needs_command" -s h -l help -d 'Print help'
complete -c octo-runner -n "__fish_octo_runner_needs_command" -s V -l version -d 'Print version'
complete -c octo-runner -n "__fish_octo_runner_needs_command" -f -a "translate" -d 'Turn a transcript on stdin into canonical events, as JSON lines'
complete -c octo-runner -n "__fish_octo_runner_needs_command" -f -a "screen" -d 'Print the screen that a recording of a program\'s output on stdin leaves'
complete -c octo-runner -n "__fish_octo_runner_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand translate" -l harness -d 'The kind of agent that it is of' -r
complete -c octo-runner -n "__fish_octo_runner_using_subcommand translate" -s h -l help -d 'Print help'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -l cols -d 'Columns of the terminal' -r
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -l rows -d 'Rows of the terminal' -r
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -l resize -d 'Then give the terminal another size, as COLSxROWS; may be repeated' -r
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -l scrollback -d 'Lines of history to draw above it, at most; what is drawn has 128 KiB' -r
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -l json -d 'As JSON: with attributes, cursor and modes, and what the program told and asked'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -l redraw -d 'As output that draws it again'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand screen" -s h -l help -d 'Print help'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand help; and not __fish_seen_subcommand_from translate screen help" -f -a "translate" -d 'Turn a transcript on stdin into canonical events, as JSON lines'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand help; and not __fish_seen_subcommand_from translate screen help" -f -a "screen" -d 'Print the screen that a recording of a program\'s output on stdin leaves'
complete -c octo-runner -n "__fish_octo_runner_using_subcommand help; and not __fish_seen_subcommand_from translate screen help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
