
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'synctool' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'synctool'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'synctool' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('cloneup', 'cloneup', [CompletionResultType]::ParameterValue, 'Upload an offline SQLite database to a sync server')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the configuration')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Show what an offline database holds')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Make or check a schema')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Compare an offline database with the server')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the reference server on one SQLite file')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show an upload from beginning to end, with data of its own')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;cloneup' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The offline database, a SQLite file')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'The server''s base URL, to which /push and /pull are added')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'The schema [default: the one stored in the database]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'Upload as this client [default: the database''s own id]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Command whose output is the token, run by the shell')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Send this header with every request; repeatable')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust these PEM certificates too')
            [CompletionResult]::new('--resources', '--resources', [CompletionResultType]::ParameterName, 'Only these resources, in this order; repeatable [default: all that are not remote-only]')
            [CompletionResult]::new('--include-many-many', '--include-many-many', [CompletionResultType]::ParameterName, 'Upload join rows of many-many relations [default: true]')
            [CompletionResult]::new('--include-deletes', '--include-deletes', [CompletionResultType]::ParameterName, 'Push deletes and unrelates that were made offline [default: true]')
            [CompletionResult]::new('--record-operation', '--record-operation', [CompletionResultType]::ParameterName, 'What happens to records that the server already has [default: merge]')
            [CompletionResult]::new('--only-failed', '--only-failed', [CompletionResultType]::ParameterName, 'Only what an earlier run wrote to its --error-file; such a run finalizes nothing')
            [CompletionResult]::new('--mutation-id-prefix', '--mutation-id-prefix', [CompletionResultType]::ParameterName, 'First part of every mutation id [default: cloneup]')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Mutations in one request, at most [default: 100]')
            [CompletionResult]::new('--batch-bytes', '--batch-bytes', [CompletionResultType]::ParameterName, 'Size of a request before compression, at most; a larger mutation goes alone [default: 1MiB]')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Compress requests; auto does what the server advertises [default: auto]')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Requests in flight, at most: a number, or auto: 1 to 16, found while running [default: auto]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'How often a failed request is sent again [default: 3]')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Longest first pause before a retry; it doubles from there [default: 1s]')
            [CompletionResult]::new('--retry-max-delay', '--retry-max-delay', [CompletionResultType]::ParameterName, 'Longest pause before a retry [default: 30s]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Time for one request, all of it [default: 60s]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time for a connection [default: 10s]')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Stop at the first rejected mutation [default: true]')
            [CompletionResult]::new('--error-file', '--error-file', [CompletionResultType]::ParameterName, 'Write rejected mutations to a file, a JSON object a line')
            [CompletionResult]::new('--pull-after', '--pull-after', [CompletionResultType]::ParameterName, 'Pull what others changed [default: true]')
            [CompletionResult]::new('--pull-limit', '--pull-limit', [CompletionResultType]::ParameterName, 'Changes in one page of a pull, at most [default: 1000]')
            [CompletionResult]::new('--set-global-cursor-on-success', '--set-global-cursor-on-success', [CompletionResultType]::ParameterName, 'Move the global cursor to the highest push cursor [default: true]')
            [CompletionResult]::new('--clear-changelog-on-success', '--clear-changelog-on-success', [CompletionResultType]::ParameterName, 'Remove what was uploaded from the change log [default: true]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How the result is printed [default: auto]')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Write events as JSON lines to a file, or to stderr with "-"')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('--no-include-many-many', '--no-include-many-many', [CompletionResultType]::ParameterName, 'Leave join rows out')
            [CompletionResult]::new('--no-include-deletes', '--no-include-deletes', [CompletionResultType]::ParameterName, 'Leave offline deletes in the change log')
            [CompletionResult]::new('--no-resume', '--no-resume', [CompletionResultType]::ParameterName, 'Start from the beginning, whatever an earlier run has come to')
            [CompletionResult]::new('--no-fail-fast', '--no-fail-fast', [CompletionResultType]::ParameterName, 'Go on after rejected mutations and report them all')
            [CompletionResult]::new('--no-pull-after', '--no-pull-after', [CompletionResultType]::ParameterName, 'Do not pull')
            [CompletionResult]::new('--no-set-global-cursor-on-success', '--no-set-global-cursor-on-success', [CompletionResultType]::ParameterName, 'Leave the global cursor to the pull')
            [CompletionResult]::new('--no-clear-changelog-on-success', '--no-clear-changelog-on-success', [CompletionResultType]::ParameterName, 'Keep the change log')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be uploaded, and send and store nothing')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Compare both sides at the end; what differs is an error')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'List every value that cloneup would use, and where it comes from')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;config;show' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How the result is printed [default: a table]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;config;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'List every value that cloneup would use, and where it comes from')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;config;help;show' {
            break
        }
        'synctool;config;help;help' {
            break
        }
        'synctool;inspect' {
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'The schema [default: the one stored in the database, else an inferred one]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How the result is printed [default: a table]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;schema' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('infer', 'infer', [CompletionResultType]::ParameterValue, 'Print a schema for a database that has none')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Explain everything that is wrong with a schema')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;schema;infer' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;schema;check' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Check it against this database too, every row of it')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;schema;help' {
            [CompletionResult]::new('infer', 'infer', [CompletionResultType]::ParameterValue, 'Print a schema for a database that has none')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Explain everything that is wrong with a schema')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;schema;help;infer' {
            break
        }
        'synctool;schema;help;check' {
            break
        }
        'synctool;schema;help;help' {
            break
        }
        'synctool;verify' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The offline database, a SQLite file')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'The server''s base URL, to which /push and /pull are added')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'The schema [default: the one stored in the database]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'Upload as this client [default: the database''s own id]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Command whose output is the token, run by the shell')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Send this header with every request; repeatable')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust these PEM certificates too')
            [CompletionResult]::new('--resources', '--resources', [CompletionResultType]::ParameterName, 'Only these resources; repeatable [default: all that are not remote-only]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'How often a failed request is sent again [default: 3]')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Longest first pause before a retry; it doubles from there [default: 1s]')
            [CompletionResult]::new('--retry-max-delay', '--retry-max-delay', [CompletionResultType]::ParameterName, 'Longest pause before a retry [default: 30s]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Time for one request, all of it [default: 60s]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time for a connection [default: 10s]')
            [CompletionResult]::new('--pull-limit', '--pull-limit', [CompletionResultType]::ParameterName, 'Changes in one page of a pull, at most [default: 1000]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How the result is printed [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('--no-include-many-many', '--no-include-many-many', [CompletionResultType]::ParameterName, 'Leave join rows out')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where to listen; port 0 takes a free one [default: 127.0.0.1:4400]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The server''s store, a SQLite file that is made if it is not there [default: synctool-server.db]')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'The schema of what is taken')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token that clients must send; the environment may give it too')
            [CompletionResult]::new('--max-mutations', '--max-mutations', [CompletionResultType]::ParameterName, 'Mutations in one push, at most [default: 1000]')
            [CompletionResult]::new('--max-body', '--max-body', [CompletionResultType]::ParameterName, 'Size of a request, at most, such as 512K or 16MiB [default: 16MiB]')
            [CompletionResult]::new('--max-rate', '--max-rate', [CompletionResultType]::ParameterName, 'Requests a second, at most, of all clients together [default: as many as come]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;demo' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'A folder that does not exist yet [default: a new one for temporary files]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml upward from here]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more on stderr; twice for all of it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'synctool;help' {
            [CompletionResult]::new('cloneup', 'cloneup', [CompletionResultType]::ParameterValue, 'Upload an offline SQLite database to a sync server')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the configuration')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Show what an offline database holds')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Make or check a schema')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Compare an offline database with the server')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the reference server on one SQLite file')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show an upload from beginning to end, with data of its own')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;help;cloneup' {
            break
        }
        'synctool;help;config' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'List every value that cloneup would use, and where it comes from')
            break
        }
        'synctool;help;config;show' {
            break
        }
        'synctool;help;inspect' {
            break
        }
        'synctool;help;schema' {
            [CompletionResult]::new('infer', 'infer', [CompletionResultType]::ParameterValue, 'Print a schema for a database that has none')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Explain everything that is wrong with a schema')
            break
        }
        'synctool;help;schema;infer' {
            break
        }
        'synctool;help;schema;check' {
            break
        }
        'synctool;help;verify' {
            break
        }
        'synctool;help;serve' {
            break
        }
        'synctool;help;demo' {
            break
        }
        'synctool;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
