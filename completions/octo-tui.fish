complete -c octo-tui -l session -d 'Open this session' -r
complete -c octo-tui -l cwd -d 'Be in this folder instead of the current one' -r -F
complete -c octo-tui -l socket -d 'The socket of octod' -r -F
complete -c octo-tui -l new -d 'Begin a new session'
complete -c octo-tui -s h -l help -d 'Print help'
complete -c octo-tui -s V -l version -d 'Print version'
