
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
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand cloneup 'Upload an offline SQLite database to a sync server'
            cand config 'Show the configuration'
            cand inspect 'Show the content of an offline database'
            cand merge-results 'Add up the results of the parts of an upload into one'
            cand schema 'Infer or check a schema'
            cand verify 'Compare an offline database with the server'
            cand serve 'Run the reference server'
            cand demo 'Show a whole upload with generated data'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;cloneup'= {
            cand --db 'Offline database, a SQLite file'
            cand --remote 'Base URL of the server, to which /push and /pull are added'
            cand --schema 'Schema, a JSON file [default: the one stored in the database]'
            cand --client-id 'Client id that the requests carry [default: the one stored in the database, else a new one]'
            cand --token-file 'File that holds the token; SYNCTOOL_TOKEN can hold the token itself'
            cand --token-command 'Shell command that prints the token'
            cand --header 'Header to send with every request; repeatable'
            cand --ca-cert 'PEM file with certificates to trust in addition to the platform''s'
            cand --client-cert 'PEM file with the client''s certificate for mutual TLS; it may hold the key too'
            cand --client-key 'PEM file with the key of the client''s certificate [default: the one in the file of the certificate]'
            cand --proxy 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]'
            cand --resources 'Upload only these resources, in this order; repeatable [default: all that are not remote-only]'
            cand --include-many-many 'Upload join rows of many-many relations [default: true]'
            cand --include-deletes 'Push deletes and unrelates that were made offline [default: true]'
            cand --record-operation 'What the server does with a record that it already has [default: merge]'
            cand --only-failed 'Upload only what an --error-file of an earlier run lists; does not pull, and leaves cursors and change log alone'
            cand --shard 'Upload one of N parts of the records, for jobs that run side by side: I/N, or auto or auto/N for what the job system says'
            cand --stage 'Run one stage of the upload: records and deletes, join rows, or the finalization [default: all]'
            cand --limit 'Upload at most this many records of each resource, and the join rows between them; sends no deletes, does not pull, and leaves cursors and change log alone [default: no limit]'
            cand --mutation-id-prefix 'First part of every mutation id [default: cloneup]'
            cand --batch-size 'Maximum number of mutations in one request [default: 100]'
            cand --batch-bytes 'Maximum size of one request before compression; a larger mutation is sent alone [default: 1MiB]'
            cand --compress 'Compression of requests; auto uses what the server advertises [default: auto]'
            cand --concurrency 'Maximum number of requests in flight; auto adapts it between 1 and 16 [default: auto]'
            cand --max-retries 'Maximum number of retries of a failed request [default: 3]'
            cand --retry-delay 'Maximum pause before the first retry; it doubles with each retry [default: 1s]'
            cand --retry-max-delay 'Maximum pause before any retry [default: 30s]'
            cand --timeout 'Timeout of one request, from connecting to the end of the answer [default: 60s]'
            cand --connect-timeout 'Timeout for establishing a connection [default: 10s]'
            cand --wait 'Wait up to this long for the server to answer before anything is sent [default: 0s]'
            cand --max-rate 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]'
            cand --max-bandwidth 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]'
            cand --fail-fast 'Stop at the first rejected mutation [default: true]'
            cand --max-errors 'With --no-fail-fast: stop when more mutations than that were rejected, or a larger part of those answered (from 100 answers on) [default: no limit]'
            cand --error-file 'Write rejected mutations to this file, one JSON object per line'
            cand --pull-after 'After a successful upload, pull what other clients changed [default: true]'
            cand --pull-limit 'Maximum number of changes in one page of a pull [default: 1000]'
            cand --set-global-cursor-on-success 'Move the global cursor to the highest push cursor [default: true]'
            cand --clear-changelog-on-success 'Remove what was uploaded from the change log [default: true]'
            cand --output 'Format of the result [default: auto]'
            cand --events 'Write events as JSON lines to this file (- is stderr)'
            cand --progress 'How progress is shown on stderr [default: auto]'
            cand --progress-interval 'Minimum time between two plain lines of progress [default: 10s]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand --no-proxy 'Go through no proxy, whatever the environment names'
            cand --no-include-many-many 'Do not upload join rows'
            cand --no-include-deletes 'Do not push deletes and unrelates; they stay in the change log'
            cand --no-resume 'Start from the beginning, even where a checkpoint of an earlier run exists'
            cand --no-fail-fast 'Continue after rejected mutations, and report all of them'
            cand --no-pull-after 'Do not pull'
            cand --no-set-global-cursor-on-success 'Move the global cursor by the pull only'
            cand --no-clear-changelog-on-success 'Keep the change log'
            cand --verify 'Compare both sides after the upload; a difference is an error'
            cand --dry-run 'Print the plan; send and store nothing'
            cand -q 'Print nothing but errors on stderr'
            cand --quiet 'Print nothing but errors on stderr'
            cand -v 'Print diagnostics on stderr; -vv prints all of them'
            cand --verbose 'Print diagnostics on stderr; -vv prints all of them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;config'= {
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand show 'List every value that cloneup would use, and where it comes from'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;config;show'= {
            cand --output 'Format of the result [default: a table]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
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
            cand --schema 'Schema, a JSON file [default: the one stored in the database, else an inferred one]'
            cand --output 'Format of the result [default: a table]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;merge-results'= {
            cand --output 'Format of the result [default: auto]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -q 'Print nothing but errors on stderr'
            cand --quiet 'Print nothing but errors on stderr'
            cand -v 'Print diagnostics on stderr; -vv prints all of them'
            cand --verbose 'Print diagnostics on stderr; -vv prints all of them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;schema'= {
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand infer 'Print a schema for a database that has none'
            cand check 'List every problem of a schema'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;schema;infer'= {
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;schema;check'= {
            cand --db 'Also check every row of this database against the schema'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;schema;help'= {
            cand infer 'Print a schema for a database that has none'
            cand check 'List every problem of a schema'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'synctool;schema;help;infer'= {
        }
        &'synctool;schema;help;check'= {
        }
        &'synctool;schema;help;help'= {
        }
        &'synctool;verify'= {
            cand --db 'Offline database, a SQLite file'
            cand --remote 'Base URL of the server, to which /push and /pull are added'
            cand --schema 'Schema, a JSON file [default: the one stored in the database]'
            cand --client-id 'Client id that the requests carry [default: a fixed one for comparisons]'
            cand --token-file 'File that holds the token; SYNCTOOL_TOKEN can hold the token itself'
            cand --token-command 'Shell command that prints the token'
            cand --header 'Header to send with every request; repeatable'
            cand --ca-cert 'PEM file with certificates to trust in addition to the platform''s'
            cand --client-cert 'PEM file with the client''s certificate for mutual TLS; it may hold the key too'
            cand --client-key 'PEM file with the key of the client''s certificate [default: the one in the file of the certificate]'
            cand --proxy 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]'
            cand --resources 'Compare only these resources; repeatable [default: all that are not remote-only]'
            cand --include-many-many 'Compare join rows of many-many relations'
            cand --max-retries 'Maximum number of retries of a failed request [default: 3]'
            cand --retry-delay 'Maximum pause before the first retry; it doubles with each retry [default: 1s]'
            cand --retry-max-delay 'Maximum pause before any retry [default: 30s]'
            cand --timeout 'Timeout of one request, from connecting to the end of the answer [default: 60s]'
            cand --connect-timeout 'Timeout for establishing a connection [default: 10s]'
            cand --wait 'Wait up to this long for the server to answer before anything is sent [default: 0s]'
            cand --max-rate 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]'
            cand --max-bandwidth 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]'
            cand --pull-limit 'Maximum number of changes in one page of a pull [default: 1000]'
            cand --output 'Format of the result [default: auto]'
            cand --progress 'How progress is shown on stderr [default: auto]'
            cand --progress-interval 'Minimum time between two plain lines of progress [default: 10s]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand --no-proxy 'Go through no proxy, whatever the environment names'
            cand --no-include-many-many 'Do not compare join rows'
            cand -q 'Print nothing but errors on stderr'
            cand --quiet 'Print nothing but errors on stderr'
            cand -v 'Print diagnostics on stderr; -vv prints all of them'
            cand --verbose 'Print diagnostics on stderr; -vv prints all of them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;serve'= {
            cand --listen 'Address to listen on; port 0 picks a free port [default: 127.0.0.1:4400]'
            cand --data 'SQLite file that stores the data; created if it does not exist [default: synctool-server.db]'
            cand --database-url 'URL of a PostgreSQL database that stores the data instead of a file; servers can share it'
            cand --database-url-file 'File that holds the URL of the database, so that nobody else sees its password'
            cand --database-schema 'Schema in the database, created if it does not exist [default: synctool]'
            cand --database-ca-cert 'PEM file with certificates to trust for the database, besides those of the system'
            cand --schema 'Schema of what clients may push, a JSON file; required'
            cand --token-file 'File that holds the token that clients must send; SYNCTOOL_TOKEN can hold it too'
            cand --max-mutations 'Maximum number of mutations in one push [default: 1000]'
            cand --max-body 'Maximum size of a request body, such as 512K or 16MiB [default: 16MiB]'
            cand --max-rate 'Maximum number of requests per second, of all clients together [default: no limit]'
            cand --forget-mutations 'Forget applied mutations of this age, such as 30d; the same mutation, sent again later, is applied again [default: never]'
            cand --forget-deletes 'Forget deletes of this age, such as 30d; a client that has pulled none of them must clone again [default: never]'
            cand --shutdown-delay 'Time to go on serving after the first signal, while /readyz answers 503, so that load balancers notice [default: 0s]'
            cand --log-format 'Format of the log on stderr; -v adds a line for each request [default: text]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand --new-store-id 'Give the store a new id and exit, after it was restored to an earlier state'
            cand -q 'Print nothing but errors on stderr'
            cand --quiet 'Print nothing but errors on stderr'
            cand -v 'Print diagnostics on stderr; -vv prints all of them'
            cand --verbose 'Print diagnostics on stderr; -vv prints all of them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;demo'= {
            cand --dir 'Folder for the files; must not exist yet [default: a new temporary folder]'
            cand --config 'Configuration file [default: the nearest synctool.toml in this folder or above]'
            cand --profile 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys'
            cand -q 'Print nothing but errors on stderr'
            cand --quiet 'Print nothing but errors on stderr'
            cand -v 'Print diagnostics on stderr; -vv prints all of them'
            cand --verbose 'Print diagnostics on stderr; -vv prints all of them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'synctool;help'= {
            cand cloneup 'Upload an offline SQLite database to a sync server'
            cand config 'Show the configuration'
            cand inspect 'Show the content of an offline database'
            cand merge-results 'Add up the results of the parts of an upload into one'
            cand schema 'Infer or check a schema'
            cand verify 'Compare an offline database with the server'
            cand serve 'Run the reference server'
            cand demo 'Show a whole upload with generated data'
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
        &'synctool;help;merge-results'= {
        }
        &'synctool;help;schema'= {
            cand infer 'Print a schema for a database that has none'
            cand check 'List every problem of a schema'
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
