
use builtin;
use str;

set edit:completion:arg-completer[synctool] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'synctool'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'synctool'= {
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand cloneup 'Upload an offline SQLite database to a sync server'
            cand config 'Show the configuration'
            cand inspect 'Show what an offline database holds'
            cand schema 'Make or check a schema'
            cand verify 'Compare an offline database with the server'
            cand serve 'Run the reference server on one SQLite file'
            cand demo 'Show an upload from beginning to end, with data of its own'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;cloneup'= {
            cand --db 'The offline database, a SQLite file'
            cand --remote 'The server''s base URL, to which /push and /pull are added'
            cand --schema 'The schema [default: the one stored in the database]'
            cand --client-id 'Upload as this client [default: the database''s own id]'
            cand --token-file 'File that holds the token'
            cand --token-command 'Command whose output is the token, run by the shell'
            cand --header 'Send this header with every request; repeatable'
            cand --ca-cert 'Trust these PEM certificates too'
            cand --resources 'Only these resources, in this order; repeatable [default: all that are not remote-only]'
            cand --include-many-many 'Upload join rows of many-many relations [default: true]'
            cand --include-deletes 'Push deletes and unrelates that were made offline [default: true]'
            cand --record-operation 'What happens to records that the server already has [default: merge]'
            cand --only-failed 'Only what an earlier run wrote to its --error-file; such a run finalizes nothing'
            cand --mutation-id-prefix 'First part of every mutation id [default: cloneup]'
            cand --batch-size 'Mutations in one request, at most [default: 100]'
            cand --batch-bytes 'Size of a request before compression, at most; a larger mutation goes alone [default: 1MiB]'
            cand --compress 'Compress requests; auto does what the server advertises [default: auto]'
            cand --concurrency 'Requests in flight, at most: a number, or auto: 1 to 16, found while running [default: auto]'
            cand --max-retries 'How often a failed request is sent again [default: 3]'
            cand --retry-delay 'Longest first pause before a retry; it doubles from there [default: 1s]'
            cand --retry-max-delay 'Longest pause before a retry [default: 30s]'
            cand --timeout 'Time for one request, all of it [default: 60s]'
            cand --connect-timeout 'Time for a connection [default: 10s]'
            cand --fail-fast 'Stop at the first rejected mutation [default: true]'
            cand --error-file 'Write rejected mutations to a file, a JSON object a line'
            cand --pull-after 'Pull what others changed [default: true]'
            cand --pull-limit 'Changes in one page of a pull, at most [default: 1000]'
            cand --set-global-cursor-on-success 'Move the global cursor to the highest push cursor [default: true]'
            cand --clear-changelog-on-success 'Remove what was uploaded from the change log [default: true]'
            cand --output 'How the result is printed [default: auto]'
            cand --events 'Write events as JSON lines to a file, or to stderr with "-"'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand --no-include-many-many 'Leave join rows out'
            cand --no-include-deletes 'Leave offline deletes in the change log'
            cand --no-resume 'Start from the beginning, whatever an earlier run has come to'
            cand --no-fail-fast 'Go on after rejected mutations and report them all'
            cand --no-pull-after 'Do not pull'
            cand --no-set-global-cursor-on-success 'Leave the global cursor to the pull'
            cand --no-clear-changelog-on-success 'Keep the change log'
            cand --dry-run 'Print what would be uploaded, and send and store nothing'
            cand --verify 'Compare both sides at the end; what differs is an error'
            cand -q 'Nothing but errors on stderr'
            cand --quiet 'Nothing but errors on stderr'
            cand -v 'Say more on stderr; twice for all of it'
            cand --verbose 'Say more on stderr; twice for all of it'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;config'= {
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show 'List every value that cloneup would use, and where it comes from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;config;show'= {
            cand --output 'How the result is printed [default: a table]'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;config;help'= {
            cand show 'List every value that cloneup would use, and where it comes from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;config;help;show'= {
        }
        &'synctool;config;help;help'= {
        }
        &'synctool;inspect'= {
            cand --schema 'The schema [default: the one stored in the database, else an inferred one]'
            cand --output 'How the result is printed [default: a table]'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;schema'= {
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand infer 'Print a schema for a database that has none'
            cand check 'Explain everything that is wrong with a schema'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;schema;infer'= {
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;schema;check'= {
            cand --db 'Check it against this database too, every row of it'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;schema;help'= {
            cand infer 'Print a schema for a database that has none'
            cand check 'Explain everything that is wrong with a schema'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;schema;help;infer'= {
        }
        &'synctool;schema;help;check'= {
        }
        &'synctool;schema;help;help'= {
        }
        &'synctool;verify'= {
            cand --db 'The offline database, a SQLite file'
            cand --remote 'The server''s base URL, to which /push and /pull are added'
            cand --schema 'The schema [default: the one stored in the database]'
            cand --client-id 'Upload as this client [default: the database''s own id]'
            cand --token-file 'File that holds the token'
            cand --token-command 'Command whose output is the token, run by the shell'
            cand --header 'Send this header with every request; repeatable'
            cand --ca-cert 'Trust these PEM certificates too'
            cand --resources 'Only these resources; repeatable [default: all that are not remote-only]'
            cand --max-retries 'How often a failed request is sent again [default: 3]'
            cand --retry-delay 'Longest first pause before a retry; it doubles from there [default: 1s]'
            cand --retry-max-delay 'Longest pause before a retry [default: 30s]'
            cand --timeout 'Time for one request, all of it [default: 60s]'
            cand --connect-timeout 'Time for a connection [default: 10s]'
            cand --pull-limit 'Changes in one page of a pull, at most [default: 1000]'
            cand --output 'How the result is printed [default: auto]'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand --no-include-many-many 'Leave join rows out'
            cand -q 'Nothing but errors on stderr'
            cand --quiet 'Nothing but errors on stderr'
            cand -v 'Say more on stderr; twice for all of it'
            cand --verbose 'Say more on stderr; twice for all of it'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;serve'= {
            cand --listen 'Where to listen; port 0 takes a free one [default: 127.0.0.1:4400]'
            cand --data 'The server''s store, a SQLite file that is made if it is not there [default: synctool-server.db]'
            cand --schema 'The schema of what is taken'
            cand --token-file 'File that holds the token that clients must send; the environment may give it too'
            cand --max-mutations 'Mutations in one push, at most [default: 1000]'
            cand --max-body 'Size of a request, at most, such as 512K or 16MiB [default: 16MiB]'
            cand --max-rate 'Requests a second, at most, of all clients together [default: as many as come]'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -q 'Nothing but errors on stderr'
            cand --quiet 'Nothing but errors on stderr'
            cand -v 'Say more on stderr; twice for all of it'
            cand --verbose 'Say more on stderr; twice for all of it'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;demo'= {
            cand --dir 'A folder that does not exist yet [default: a new one for temporary files]'
            cand --config 'Configuration file [default: the nearest synctool.toml upward from here]'
            cand -q 'Nothing but errors on stderr'
            cand --quiet 'Nothing but errors on stderr'
            cand -v 'Say more on stderr; twice for all of it'
            cand --verbose 'Say more on stderr; twice for all of it'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;help'= {
            cand cloneup 'Upload an offline SQLite database to a sync server'
            cand config 'Show the configuration'
            cand inspect 'Show what an offline database holds'
            cand schema 'Make or check a schema'
            cand verify 'Compare an offline database with the server'
            cand serve 'Run the reference server on one SQLite file'
            cand demo 'Show an upload from beginning to end, with data of its own'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;help;cloneup'= {
        }
        &'synctool;help;config'= {
            cand show 'List every value that cloneup would use, and where it comes from'
        }
        &'synctool;help;config;show'= {
        }
        &'synctool;help;inspect'= {
        }
        &'synctool;help;schema'= {
            cand infer 'Print a schema for a database that has none'
            cand check 'Explain everything that is wrong with a schema'
        }
        &'synctool;help;schema;infer'= {
        }
        &'synctool;help;schema;check'= {
        }
        &'synctool;help;verify'= {
        }
        &'synctool;help;serve'= {
        }
        &'synctool;help;demo'= {
        }
        &'synctool;help;help'= {
        }
    ]
    $completions[$command]
}
