# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_synctool_global_optspecs
    string join \n config= profile= h/help V/version
end

function __fish_synctool_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_synctool_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_synctool_using_subcommand
    set -l cmd (__fish_synctool_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c synctool -n "__fish_synctool_needs_command" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_needs_command" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_needs_command" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_needs_command" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "cloneup" -d 'Upload an offline SQLite database to a sync server'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "config" -d 'Show the configuration'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "inspect" -d 'Show the content of an offline database'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "merge-results" -d 'Add up the results of the parts of an upload into one'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "schema" -d 'Infer or check a schema'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "verify" -d 'Compare an offline database with the server'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "serve" -d 'Run the reference server'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "demo" -d 'Show a whole upload with generated data'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l db -d 'Offline database, a SQLite file' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l remote -d 'Base URL of the server, to which /push and /pull are added' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l schema -d 'Schema, a JSON file [default: the one stored in the database]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l client-id -d 'Client id that the requests carry [default: the one stored in the database, else a new one]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l token-file -d 'File that holds the token; SYNCTOOL_TOKEN can hold the token itself' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l token-command -d 'Shell command that prints the token' -r -f -a "(__fish_complete_command)"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l header -d 'Header to send with every request; repeatable' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l ca-cert -d 'PEM file with certificates to trust in addition to the platform\'s' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l client-cert -d 'PEM file with the client\'s certificate for mutual TLS; it may hold the key too' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l client-key -d 'PEM file with the key of the client\'s certificate [default: the one in the file of the certificate]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l proxy -d 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l resources -d 'Upload only these resources, in this order; repeatable [default: all that are not remote-only]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l include-many-many -d 'Upload join rows of many-many relations [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l include-deletes -d 'Push deletes and unrelates that were made offline [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l record-operation -d 'What the server does with a record that it already has [default: merge]' -r -f -a "merge\t''
replace\t''
insert\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l only-failed -d 'Upload only what an --error-file of an earlier run lists; does not pull, and leaves cursors and change log alone' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l shard -d 'Upload one of N parts of the records, for jobs that run side by side: I/N, or auto or auto/N for what the job system says' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l stage -d 'Run one stage of the upload: records and deletes, join rows, or the finalization [default: all]' -r -f -a "all\t''
records\t''
join-rows\t''
finalize\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l limit -d 'Upload at most this many records of each resource, and the join rows between them; sends no deletes, does not pull, and leaves cursors and change log alone [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l mutation-id-prefix -d 'First part of every mutation id [default: cloneup]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l batch-size -d 'Maximum number of mutations in one request [default: 100]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l batch-bytes -d 'Maximum size of one request before compression; a larger mutation is sent alone [default: 1MiB]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l compress -d 'Compression of requests; auto uses what the server advertises [default: auto]' -r -f -a "auto\t''
none\t''
gzip\t''
zstd\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l concurrency -d 'Maximum number of requests in flight; auto adapts it between 1 and 16 [default: auto]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l max-retries -d 'Maximum number of retries of a failed request [default: 3]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l retry-delay -d 'Maximum pause before the first retry; it doubles with each retry [default: 1s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l retry-max-delay -d 'Maximum pause before any retry [default: 30s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l timeout -d 'Timeout of one request, from connecting to the end of the answer [default: 60s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l connect-timeout -d 'Timeout for establishing a connection [default: 10s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l wait -d 'Wait up to this long for the server to answer before anything is sent [default: 0s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l max-rate -d 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l max-bandwidth -d 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l fail-fast -d 'Stop at the first rejected mutation [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l max-errors -d 'With --no-fail-fast: stop when more mutations than that were rejected, or a larger part of those answered (from 100 answers on) [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l error-file -d 'Write rejected mutations to this file, one JSON object per line' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l pull-after -d 'After a successful upload, pull what other clients changed [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l pull-limit -d 'Maximum number of changes in one page of a pull [default: 1000]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l set-global-cursor-on-success -d 'Move the global cursor to the highest push cursor [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l clear-changelog-on-success -d 'Remove what was uploaded from the change log [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l output -d 'Format of the result [default: auto]' -r -f -a "auto\t'Indented on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l events -d 'Write events as JSON lines to this file (- is stderr)' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l progress -d 'How progress is shown on stderr [default: auto]' -r -f -a "auto\t'Bars on a terminal that can draw them, else plain'
bar\t'Bars wherever stderr goes'
plain\t'A line now and then'
none\t'Nothing'"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l progress-interval -d 'Minimum time between two plain lines of progress [default: 10s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-proxy -d 'Go through no proxy, whatever the environment names'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-include-many-many -d 'Do not upload join rows'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-include-deletes -d 'Do not push deletes and unrelates; they stay in the change log'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-resume -d 'Start from the beginning, even where a checkpoint of an earlier run exists'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-fail-fast -d 'Continue after rejected mutations, and report all of them'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-pull-after -d 'Do not pull'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-set-global-cursor-on-success -d 'Move the global cursor by the pull only'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-clear-changelog-on-success -d 'Keep the change log'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l verify -d 'Compare both sides after the upload; a difference is an error'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l dry-run -d 'Print the plan; send and store nothing'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s q -l quiet -d 'Print nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s v -l verbose -d 'Print diagnostics on stderr; -vv prints all of them'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "show" -d 'List every value that cloneup would use, and where it comes from'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -l output -d 'Format of the result [default: a table]' -r -f -a "auto\t'Indented on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'List every value that cloneup would use, and where it comes from'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l schema -d 'Schema, a JSON file [default: the one stored in the database, else an inferred one]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l output -d 'Format of the result [default: a table]' -r -f -a "auto\t'Indented on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -l output -d 'Format of the result [default: auto]' -r -f -a "auto\t'Indented on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -s q -l quiet -d 'Print nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -s v -l verbose -d 'Print diagnostics on stderr; -vv prints all of them'
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand merge-results" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -f -a "infer" -d 'Print a schema for a database that has none'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -f -a "check" -d 'List every problem of a schema'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -l db -d 'Also check every row of this database against the schema' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "infer" -d 'Print a schema for a database that has none'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "check" -d 'List every problem of a schema'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l db -d 'Offline database, a SQLite file' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l remote -d 'Base URL of the server, to which /push and /pull are added' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l schema -d 'Schema, a JSON file [default: the one stored in the database]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l client-id -d 'Client id that the requests carry [default: a fixed one for comparisons]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l token-file -d 'File that holds the token; SYNCTOOL_TOKEN can hold the token itself' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l token-command -d 'Shell command that prints the token' -r -f -a "(__fish_complete_command)"
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l header -d 'Header to send with every request; repeatable' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l ca-cert -d 'PEM file with certificates to trust in addition to the platform\'s' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l client-cert -d 'PEM file with the client\'s certificate for mutual TLS; it may hold the key too' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l client-key -d 'PEM file with the key of the client\'s certificate [default: the one in the file of the certificate]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l proxy -d 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l resources -d 'Compare only these resources; repeatable [default: all that are not remote-only]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l include-many-many -d 'Compare join rows of many-many relations' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l max-retries -d 'Maximum number of retries of a failed request [default: 3]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l retry-delay -d 'Maximum pause before the first retry; it doubles with each retry [default: 1s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l retry-max-delay -d 'Maximum pause before any retry [default: 30s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l timeout -d 'Timeout of one request, from connecting to the end of the answer [default: 60s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l connect-timeout -d 'Timeout for establishing a connection [default: 10s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l wait -d 'Wait up to this long for the server to answer before anything is sent [default: 0s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l max-rate -d 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l max-bandwidth -d 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l pull-limit -d 'Maximum number of changes in one page of a pull [default: 1000]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l output -d 'Format of the result [default: auto]' -r -f -a "auto\t'Indented on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l progress -d 'How progress is shown on stderr [default: auto]' -r -f -a "auto\t'Bars on a terminal that can draw them, else plain'
bar\t'Bars wherever stderr goes'
plain\t'A line now and then'
none\t'Nothing'"
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l progress-interval -d 'Minimum time between two plain lines of progress [default: 10s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l no-proxy -d 'Go through no proxy, whatever the environment names'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l no-include-many-many -d 'Do not compare join rows'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s q -l quiet -d 'Print nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s v -l verbose -d 'Print diagnostics on stderr; -vv prints all of them'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l listen -d 'Address to listen on; port 0 picks a free port [default: 127.0.0.1:4400]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l data -d 'SQLite file that stores the data; created if it does not exist [default: synctool-server.db]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l database-url -d 'URL of a PostgreSQL database that stores the data instead of a file; servers can share it' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l database-url-file -d 'File that holds the URL of the database, so that nobody else sees its password' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l database-schema -d 'Schema in the database, created if it does not exist [default: synctool]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l database-ca-cert -d 'PEM file with certificates to trust for the database, besides those of the system' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l schema -d 'Schema of what clients may push, a JSON file; required' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l token-file -d 'File that holds the token that clients must send; SYNCTOOL_TOKEN can hold it too' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l max-mutations -d 'Maximum number of mutations in one push [default: 1000]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l max-body -d 'Maximum size of a request body, such as 512K or 16MiB [default: 16MiB]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l max-rate -d 'Maximum number of requests per second, of all clients together [default: no limit]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l forget-mutations -d 'Forget applied mutations of this age, such as 30d; the same mutation, sent again later, is applied again [default: never]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l forget-deletes -d 'Forget deletes of this age, such as 30d; a client that has pulled none of them must clone again [default: never]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l shutdown-delay -d 'Time to go on serving after the first signal, while /readyz answers 503, so that load balancers notice [default: 0s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l log-format -d 'Format of the log on stderr; -v adds a line for each request [default: text]' -r -f -a "text\t'Lines of text'
json\t'A JSON object a line'"
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l new-store-id -d 'Give the store a new id and exit, after it was restored to an earlier state'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s q -l quiet -d 'Print nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s v -l verbose -d 'Print diagnostics on stderr; -vv prints all of them'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -l dir -d 'Folder for the files; must not exist yet [default: a new temporary folder]' -r -f -a "(__fish_complete_directories)"
complete -c synctool -n "__fish_synctool_using_subcommand demo" -l config -d 'Configuration file [default: the nearest synctool.toml in this folder or above]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand demo" -l profile -d 'Table [profile.NAME] of the configuration file whose keys come before its top-level keys' -r
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s q -l quiet -d 'Print nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s v -l verbose -d 'Print diagnostics on stderr; -vv prints all of them'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "cloneup" -d 'Upload an offline SQLite database to a sync server'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "config" -d 'Show the configuration'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "inspect" -d 'Show the content of an offline database'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "merge-results" -d 'Add up the results of the parts of an upload into one'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "schema" -d 'Infer or check a schema'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "verify" -d 'Compare an offline database with the server'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "serve" -d 'Run the reference server'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "demo" -d 'Show a whole upload with generated data'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect merge-results schema verify serve demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'List every value that cloneup would use, and where it comes from'
complete -c synctool -n "__fish_synctool_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "infer" -d 'Print a schema for a database that has none'
complete -c synctool -n "__fish_synctool_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "check" -d 'List every problem of a schema'
