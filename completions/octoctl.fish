# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_octoctl_global_optspecs
    string join \n json runner socket= h/help V/version
end

function __fish_octoctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_octoctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_octoctl_using_subcommand
    set -l cmd (__fish_octoctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c octoctl -n "__fish_octoctl_needs_command" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_needs_command" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_needs_command" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_needs_command" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_needs_command" -s V -l version -d 'Print version'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "status" -d 'Show whether Octo runs, and what it is doing'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "session" -d 'Begin, list and change sessions'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "term" -d 'Open terminals that outlive their clients, and use them'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "send" -d 'Say something to an agent'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "watch" -d 'Follow a session, or without one all of them'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "answer" -d 'Answer a question that an agent waits on'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "abort" -d 'Stop the turn that is under way'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "stop" -d 'End the processes of all sessions; the sessions stay'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "models" -d 'List the models of a session or a harness'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "harnesses" -d 'List the agents that can be started here'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "history" -d 'Read what was said'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "env" -d 'Show the environment that agents get'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "du" -d 'Show who holds how much of the disk'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "doctor" -d 'Check this installation'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "run" -d 'Ask one thing and print the answer: starts what is not running'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "raw" -d 'Send frames from stdin and print those that come'
complete -c octoctl -n "__fish_octoctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand status" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand status" -l short -d 'One short line, for prompts and status bars'
complete -c octoctl -n "__fish_octoctl_using_subcommand status" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand status" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand status" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "new" -d 'Begin a session and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "list" -d 'List all sessions, the newest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "show" -d 'Show one session'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "rename" -d 'Give a session another title'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "stop" -d 'End a session\'s process; the session stays'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "resume" -d 'Start a session\'s process again'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "delete" -d 'End a session\'s process and forget the session for ever'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "fork" -d 'Begin a session with what stood before one of your messages, and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and not __fish_seen_subcommand_from new list show rename stop resume delete fork help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l cwd -d 'Where the agent works [default: the current folder]' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l harness -d 'Which kind of agent' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l model -d 'The model, as `octoctl models` names it' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l title -d 'What to call it' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from list" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from list" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from show" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from show" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from show" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from rename" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from rename" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from rename" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from stop" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from stop" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from stop" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from resume" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from delete" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from delete" -l yes -d 'Do not ask'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from delete" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from delete" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from fork" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from fork" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from fork" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from fork" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "new" -d 'Begin a session and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "list" -d 'List all sessions, the newest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one session'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "rename" -d 'Give a session another title'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End a session\'s process; the session stays'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Start a session\'s process again'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "delete" -d 'End a session\'s process and forget the session for ever'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "fork" -d 'Begin a session with what stood before one of your messages, and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand session; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "open" -d 'Open a terminal and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "list" -d 'List all terminals, the oldest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "attach" -d 'Show a terminal here, and type into it'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "send" -d 'Type a text into a terminal, where nobody else writes'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "screen" -d 'Print what is on a terminal; with --json also its colours, cursor and modes'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "wait" -d 'Wait until the program in a terminal has ended: 0 where it went well, 1 where not, 6 out of time'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "close" -d 'Kill all that runs in a terminal and forget it'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and not __fish_seen_subcommand_from open list attach send screen wait close help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from open" -l cwd -d 'Where the program starts [default: the session\'s folder, else the current one]' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from open" -l session -d 'The session that is to own it, and that it ends with' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from open" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from open" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from open" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from list" -l session -d 'Only those of this session' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from list" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from list" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from attach" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from attach" -l look -d 'Only look'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from attach" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from attach" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from send" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from send" -l enter -d 'Press Enter behind it'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from send" -l take -d 'Even where somebody else writes'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from send" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from send" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from screen" -l history -d 'Print so many lines before it that scrolled off the screen' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from screen" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from screen" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from screen" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from screen" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from wait" -l timeout -d 'Wait at most this many seconds' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from wait" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from wait" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from wait" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from wait" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from close" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from close" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from close" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "open" -d 'Open a terminal and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "list" -d 'List all terminals, the oldest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "attach" -d 'Show a terminal here, and type into it'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "send" -d 'Type a text into a terminal, where nobody else writes'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "screen" -d 'Print what is on a terminal; with --json also its colours, cursor and modes'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "wait" -d 'Wait until the program in a terminal has ended: 0 where it went well, 1 where not, 6 out of time'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "close" -d 'Kill all that runs in a terminal and forget it'
complete -c octoctl -n "__fish_octoctl_using_subcommand term; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l image -d 'A picture to send along; may be given several times' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l timeout -d 'Wait at most this many seconds; the agent goes on' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l id -d 'The prompt\'s id, a ULID: sending the same again with the same id has one effect' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l wait -d 'Wait for the prompt\'s end and print the answer: 0 done, 1 failed or aborted, 6 out of time, 7 the agent asks'
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l steer -d 'Put it into the turn that is under way'
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l follow-up -d 'Say it after the turn and what already waits'
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand send" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand watch" -l after -d 'Go on behind this cursor, as `--json` printed it' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand watch" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand watch" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand watch" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand watch" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand answer" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand answer" -l cancel -d 'Answer nothing: the agent goes on without'
complete -c octoctl -n "__fish_octoctl_using_subcommand answer" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand answer" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand answer" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand abort" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand abort" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand abort" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand abort" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand stop" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand stop" -l all -d 'End the processes of all sessions; with --runner the runner too'
complete -c octoctl -n "__fish_octoctl_using_subcommand stop" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand stop" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand stop" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand models" -l harness -d 'Of this kind of agent [default: pi]' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand models" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand models" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand models" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand models" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand harnesses" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand harnesses" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand harnesses" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand harnesses" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -f -a "list" -d 'List the sessions with what they hold'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -f -a "show" -d 'Print messages of a session, the oldest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and not __fish_seen_subcommand_from list show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from list" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from list" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from list" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from show" -l before -d 'Only messages before this number' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from show" -l limit -d 'At most this many, 1 to 200' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from show" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from show" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from show" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the sessions with what they hold'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print messages of a session, the oldest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand history; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand env" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand env" -l why -d 'Also show where each variable comes from'
complete -c octoctl -n "__fish_octoctl_using_subcommand env" -l refresh -d 'Have the login shell read again'
complete -c octoctl -n "__fish_octoctl_using_subcommand env" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand env" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand env" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand du" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand du" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand du" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand du" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand doctor" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand doctor" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand doctor" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l cwd -d 'Where the agent works [default: the current folder]' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l harness -d 'Which kind of agent' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l model -d 'The model, as `octoctl models` names it' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l on-question -d 'What to do when the agent asks something' -r -f -a "fail\t'Return at once, with exit code 7 and the question'
deny\t'Answer no, or nothing'
wait\t'Wait until somebody else answers'"
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l timeout -d 'Stop after this many seconds' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l ephemeral -d 'Delete the session at the end'
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -l timeout -d 'Wait at most this many seconds for a reply after the end of stdin' -r
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -l socket -d 'Speak to the daemon behind this socket' -r -F
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -l follow -d 'At the end of stdin go on printing what comes, instead of ending with the last reply'
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -l no-hello -d 'Say no hello: the first frame of stdin is one'
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -l json -d 'Print JSON: one object, or one per line for streams; errors as an object on stderr'
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -l runner -d 'Speak to the runner itself instead of octod; `stop --all --runner` ends it too'
complete -c octoctl -n "__fish_octoctl_using_subcommand raw" -s h -l help -d 'Print help'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "status" -d 'Show whether Octo runs, and what it is doing'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "session" -d 'Begin, list and change sessions'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "term" -d 'Open terminals that outlive their clients, and use them'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "send" -d 'Say something to an agent'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "watch" -d 'Follow a session, or without one all of them'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "answer" -d 'Answer a question that an agent waits on'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "abort" -d 'Stop the turn that is under way'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "stop" -d 'End the processes of all sessions; the sessions stay'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "models" -d 'List the models of a session or a harness'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "harnesses" -d 'List the agents that can be started here'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "history" -d 'Read what was said'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "env" -d 'Show the environment that agents get'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "du" -d 'Show who holds how much of the disk'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "doctor" -d 'Check this installation'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "run" -d 'Ask one thing and print the answer: starts what is not running'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "raw" -d 'Send frames from stdin and print those that come'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and not __fish_seen_subcommand_from status session term send watch answer abort stop models harnesses history env du doctor run raw help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "new" -d 'Begin a session and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "list" -d 'List all sessions, the newest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "show" -d 'Show one session'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "rename" -d 'Give a session another title'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "stop" -d 'End a session\'s process; the session stays'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "resume" -d 'Start a session\'s process again'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "delete" -d 'End a session\'s process and forget the session for ever'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from session" -f -a "fork" -d 'Begin a session with what stood before one of your messages, and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "open" -d 'Open a terminal and print its id'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "list" -d 'List all terminals, the oldest first'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "attach" -d 'Show a terminal here, and type into it'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "send" -d 'Type a text into a terminal, where nobody else writes'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "screen" -d 'Print what is on a terminal; with --json also its colours, cursor and modes'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "wait" -d 'Wait until the program in a terminal has ended: 0 where it went well, 1 where not, 6 out of time'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from term" -f -a "close" -d 'Kill all that runs in a terminal and forget it'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from history" -f -a "list" -d 'List the sessions with what they hold'
complete -c octoctl -n "__fish_octoctl_using_subcommand help; and __fish_seen_subcommand_from history" -f -a "show" -d 'Print messages of a session, the oldest first'
