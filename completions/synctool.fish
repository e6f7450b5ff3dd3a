# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_synctool_global_optspecs
    string join \n config= h/help V/version
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

complete -c synctool -n "__fish_synctool_needs_command" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_needs_command" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_needs_command" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "cloneup" -d 'Upload an offline SQLite database to a sync server'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "config" -d 'Show the configuration'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "inspect" -d 'Show what an offline database holds'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "schema" -d 'Make or check a schema'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "verify" -d 'Compare an offline database with the server'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "serve" -d 'Run the reference server on one SQLite file'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "demo" -d 'Show an upload from beginning to end, with data of its own'
complete -c synctool -n "__fish_synctool_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l db -d 'The offline database, a SQLite file' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l remote -d 'The server\'s base URL, to which /push and /pull are added' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l schema -d 'The schema [default: the one stored in the database]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l client-id -d 'Upload as this client [default: the database\'s own id]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l token-file -d 'File that holds the token' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l token-command -d 'Command whose output is the token, run by the shell' -r -f -a "(__fish_complete_command)"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l header -d 'Send this header with every request; repeatable' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l ca-cert -d 'Trust these PEM certificates too' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l resources -d 'Only these resources, in this order; repeatable [default: all that are not remote-only]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l include-many-many -d 'Upload join rows of many-many relations [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l include-deletes -d 'Push deletes and unrelates that were made offline [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l record-operation -d 'What happens to records that the server already has [default: merge]' -r -f -a "merge\t''
replace\t''
insert\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l only-failed -d 'Only what an earlier run wrote to its --error-file; such a run finalizes nothing' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l mutation-id-prefix -d 'First part of every mutation id [default: cloneup]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l batch-size -d 'Mutations in one request, at most [default: 100]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l batch-bytes -d 'Size of a request before compression, at most; a larger mutation goes alone [default: 1MiB]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l compress -d 'Compress requests; auto does what the server advertises [default: auto]' -r -f -a "auto\t''
none\t''
gzip\t''
zstd\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l concurrency -d 'Requests in flight, at most: a number, or auto: 1 to 16, found while running [default: auto]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l max-retries -d 'How often a failed request is sent again [default: 3]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l retry-delay -d 'Longest first pause before a retry; it doubles from there [default: 1s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l retry-max-delay -d 'Longest pause before a retry [default: 30s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l timeout -d 'Time for one request, all of it [default: 60s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l connect-timeout -d 'Time for a connection [default: 10s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l fail-fast -d 'Stop at the first rejected mutation [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l error-file -d 'Write rejected mutations to a file, a JSON object a line' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l pull-after -d 'Pull what others changed [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l pull-limit -d 'Changes in one page of a pull, at most [default: 1000]' -r
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l set-global-cursor-on-success -d 'Move the global cursor to the highest push cursor [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l clear-changelog-on-success -d 'Remove what was uploaded from the change log [default: true]' -r -f -a "true\t''
false\t''"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l output -d 'How the result is printed [default: auto]' -r -f -a "auto\t'Pretty on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l events -d 'Write events as JSON lines to a file, or to stderr with "-"' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-include-many-many -d 'Leave join rows out'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-include-deletes -d 'Leave offline deletes in the change log'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-resume -d 'Start from the beginning, whatever an earlier run has come to'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-fail-fast -d 'Go on after rejected mutations and report them all'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-pull-after -d 'Do not pull'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-set-global-cursor-on-success -d 'Leave the global cursor to the pull'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l no-clear-changelog-on-success -d 'Keep the change log'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l dry-run -d 'Print what would be uploaded, and send and store nothing'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -l verify -d 'Compare both sides at the end; what differs is an error'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s q -l quiet -d 'Nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s v -l verbose -d 'Say more on stderr; twice for all of it'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand cloneup" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "show" -d 'List every value that cloneup would use, and where it comes from'
complete -c synctool -n "__fish_synctool_using_subcommand config; and not __fish_seen_subcommand_from show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -l output -d 'How the result is printed [default: a table]' -r -f -a "auto\t'Pretty on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'List every value that cloneup would use, and where it comes from'
complete -c synctool -n "__fish_synctool_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l schema -d 'The schema [default: the one stored in the database, else an inferred one]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l output -d 'How the result is printed [default: a table]' -r -f -a "auto\t'Pretty on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand inspect" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -f -a "infer" -d 'Print a schema for a database that has none'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -f -a "check" -d 'Explain everything that is wrong with a schema'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and not __fish_seen_subcommand_from infer check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from infer" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -l db -d 'Check it against this database too, every row of it' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "infer" -d 'Print a schema for a database that has none'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "check" -d 'Explain everything that is wrong with a schema'
complete -c synctool -n "__fish_synctool_using_subcommand schema; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l db -d 'The offline database, a SQLite file' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l remote -d 'The server\'s base URL, to which /push and /pull are added' -r -f
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l schema -d 'The schema [default: the one stored in the database]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l client-id -d 'Upload as this client [default: the database\'s own id]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l token-file -d 'File that holds the token' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l token-command -d 'Command whose output is the token, run by the shell' -r -f -a "(__fish_complete_command)"
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l header -d 'Send this header with every request; repeatable' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l ca-cert -d 'Trust these PEM certificates too' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l resources -d 'Only these resources; repeatable [default: all that are not remote-only]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l max-retries -d 'How often a failed request is sent again [default: 3]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l retry-delay -d 'Longest first pause before a retry; it doubles from there [default: 1s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l retry-max-delay -d 'Longest pause before a retry [default: 30s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l timeout -d 'Time for one request, all of it [default: 60s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l connect-timeout -d 'Time for a connection [default: 10s]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l pull-limit -d 'Changes in one page of a pull, at most [default: 1000]' -r
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l output -d 'How the result is printed [default: auto]' -r -f -a "auto\t'Pretty on a terminal, one line elsewhere'
json\t'One line'
pretty\t'Indented'"
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand verify" -l no-include-many-many -d 'Leave join rows out'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s q -l quiet -d 'Nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s v -l verbose -d 'Say more on stderr; twice for all of it'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand verify" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l listen -d 'Where to listen; port 0 takes a free one [default: 127.0.0.1:4400]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l data -d 'The server\'s store, a SQLite file that is made if it is not there [default: synctool-server.db]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l schema -d 'The schema of what is taken' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l token-file -d 'File that holds the token that clients must send; the environment may give it too' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l max-mutations -d 'Mutations in one push, at most [default: 1000]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l max-body -d 'Size of a request, at most, such as 512K or 16MiB [default: 16MiB]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l max-rate -d 'Requests a second, at most, of all clients together [default: as many as come]' -r
complete -c synctool -n "__fish_synctool_using_subcommand serve" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s q -l quiet -d 'Nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s v -l verbose -d 'Say more on stderr; twice for all of it'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand serve" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -l dir -d 'A folder that does not exist yet [default: a new one for temporary files]' -r -f -a "(__fish_complete_directories)"
complete -c synctool -n "__fish_synctool_using_subcommand demo" -l config -d 'Configuration file [default: the nearest synctool.toml upward from here]' -r -F
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s q -l quiet -d 'Nothing but errors on stderr'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s v -l verbose -d 'Say more on stderr; twice for all of it'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c synctool -n "__fish_synctool_using_subcommand demo" -s V -l version -d 'Print version'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "cloneup" -d 'Upload an offline SQLite database to a sync server'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "config" -d 'Show the configuration'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "inspect" -d 'Show what an offline database holds'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "schema" -d 'Make or check a schema'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "verify" -d 'Compare an offline database with the server'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "serve" -d 'Run the reference server on one SQLite file'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "demo" -d 'Show an upload from beginning to end, with data of its own'
complete -c synctool -n "__fish_synctool_using_subcommand help; and not __fish_seen_subcommand_from cloneup config inspect schema verify serve demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c synctool -n "__fish_synctool_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'List every value that cloneup would use, and where it comes from'
complete -c synctool -n "__fish_synctool_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "infer" -d 'Print a schema for a database that has none'
complete -c synctool -n "__fish_synctool_using_subcommand help; and __fish_seen_subcommand_from schema" -f -a "check" -d 'Explain everything that is wrong with a schema'
