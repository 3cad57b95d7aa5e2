complete -c octo-files -l root -d 'The workspace' -r -F
complete -c octo-files -l port -d 'The port; 0 takes a free one' -r
complete -c octo-files -l bind -d 'The address to listen on. There is no encryption: leave it at the loopback unless a proxy or a container is around it' -r
complete -c octo-files -l token-file -d 'Where the token is; without it one is made and printed' -r -F
complete -c octo-files -l allow-host -d 'A name besides those of the loopback under which it is called; may be repeated' -r
complete -c octo-files -l allow-origin -d 'Whose pages may call it besides its own, as https://example.com; may be repeated' -r
complete -c octo-files -l max-upload -d 'The largest upload' -r
complete -c octo-files -l max-zip -d 'The most that is packed into one zip' -r
complete -c octo-files -l max-zip-entries -d 'The most entries of one zip' -r
complete -c octo-files -l max-connections -d 'The most connections at once; more wait' -r
complete -c octo-files -l json -d 'Print one line of JSON when it accepts: {"ready":true,"http":...}'
complete -c octo-files -s h -l help -d 'Print help'
complete -c octo-files -s V -l version -d 'Print version'
