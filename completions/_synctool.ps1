
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
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('cloneup', 'cloneup', [CompletionResultType]::ParameterValue, 'Upload an offline SQLite database to a sync server')
            [CompletionResult]::new('clone', 'clone', [CompletionResultType]::ParameterValue, 'Make a new database with everything that a server has')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the configuration')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Show the content of an offline database')
            [CompletionResult]::new('merge-results', 'merge-results', [CompletionResultType]::ParameterValue, 'Add up the results of the parts of an upload into one')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Make a report of event files')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Infer or check a schema')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Compare an offline database with the server')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the reference server')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show a whole upload with generated data')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;cloneup' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Offline database, a SQLite file; several, or a pattern such as ''tenants/*.db'', are uploaded side by side')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Base URL; /push and /pull are added to it')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema, a JSON file [default: the one stored in the database]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'Client id that the requests carry [default: the one stored in the database, else a new one]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token; or set SYNCTOOL_TOKEN')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Shell command that prints the token')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Header to send with every request; repeatable')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'PEM file with certificates to trust in addition to the platform''s')
            [CompletionResult]::new('--client-cert', '--client-cert', [CompletionResultType]::ParameterName, 'PEM file with the client''s certificate for mutual TLS; it may hold the key too')
            [CompletionResult]::new('--client-key', '--client-key', [CompletionResultType]::ParameterName, 'PEM file with the key of the client''s certificate [default: the one in the file of the certificate]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]')
            [CompletionResult]::new('--resources', '--resources', [CompletionResultType]::ParameterName, 'Upload only these resources, in this order; repeatable [default: all that are not remote-only]')
            [CompletionResult]::new('--include-many-many', '--include-many-many', [CompletionResultType]::ParameterName, 'Upload join rows of many-many relations [default: true]')
            [CompletionResult]::new('--include-deletes', '--include-deletes', [CompletionResultType]::ParameterName, 'Push deletes and unrelates that were made offline [default: true]')
            [CompletionResult]::new('--record-operation', '--record-operation', [CompletionResultType]::ParameterName, 'What the server does with a record that it already has [default: merge]')
            [CompletionResult]::new('--only-failed', '--only-failed', [CompletionResultType]::ParameterName, 'Upload only what an --error-file of an earlier run lists; does not pull, and leaves cursors and change log alone')
            [CompletionResult]::new('--shard', '--shard', [CompletionResultType]::ParameterName, 'Upload one of N parts of the records, for jobs that run side by side: I/N, or auto or auto/N for what the job system says')
            [CompletionResult]::new('--stage', '--stage', [CompletionResultType]::ParameterName, 'Run one stage of the upload: records and deletes, join rows, or the finalization [default: all]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Upload at most this many records of each resource, and the join rows between them; sends no deletes, does not pull, and leaves cursors and change log alone [default: no limit]')
            [CompletionResult]::new('--max-delete', '--max-delete', [CompletionResultType]::ParameterName, 'Send nothing if more records and join rows than that would be removed [default: no limit]')
            [CompletionResult]::new('--mutation-id-prefix', '--mutation-id-prefix', [CompletionResultType]::ParameterName, 'First part of every mutation id [default: cloneup]')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Maximum mutations in one request [default: 100]')
            [CompletionResult]::new('--batch-bytes', '--batch-bytes', [CompletionResultType]::ParameterName, 'Maximum size of one request before compression; a larger mutation is sent alone [default: 1MiB]')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Compression of requests and answers; auto uses what the server advertises [default: auto]')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Maximum number of requests in flight; auto adapts it between 1 and 16 [default: auto]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Number of databases that are uploaded side by side, where --db names several [default: the number of processors]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Maximum number of retries of a failed request [default: 3]')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Maximum pause before the first retry; it doubles with each retry [default: 1s]')
            [CompletionResult]::new('--retry-max-delay', '--retry-max-delay', [CompletionResultType]::ParameterName, 'Maximum pause before any retry [default: 30s]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Timeout of one request, from connecting to the end of the answer [default: 60s]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Timeout for establishing a connection [default: 10s]')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait up to this long for the server to answer before anything is sent [default: 0s]')
            [CompletionResult]::new('--max-rate', '--max-rate', [CompletionResultType]::ParameterName, 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]')
            [CompletionResult]::new('--max-bandwidth', '--max-bandwidth', [CompletionResultType]::ParameterName, 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Stop at the first rejected mutation [default: true]')
            [CompletionResult]::new('--max-errors', '--max-errors', [CompletionResultType]::ParameterName, 'With --no-fail-fast: stop when more mutations than that were rejected, or a larger part of those answered (from 100 answers on) [default: no limit]')
            [CompletionResult]::new('--error-file', '--error-file', [CompletionResultType]::ParameterName, 'Write rejected mutations to this file, one JSON object per line')
            [CompletionResult]::new('--pull-after', '--pull-after', [CompletionResultType]::ParameterName, 'After a successful upload, pull what other clients changed [default: true]')
            [CompletionResult]::new('--pull-limit', '--pull-limit', [CompletionResultType]::ParameterName, 'Maximum number of changes in one page of a pull [default: 1000]')
            [CompletionResult]::new('--set-global-cursor-on-success', '--set-global-cursor-on-success', [CompletionResultType]::ParameterName, 'Move the global cursor to the highest push cursor [default: true]')
            [CompletionResult]::new('--clear-changelog-on-success', '--clear-changelog-on-success', [CompletionResultType]::ParameterName, 'Remove what was uploaded from the change log [default: true]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of the result [default: auto]')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Write events as JSON lines to this file (- is stderr)')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report of the run to this file, .html or .md, also when it fails')
            [CompletionResult]::new('--metrics-file', '--metrics-file', [CompletionResultType]::ParameterName, 'Write the run''s counters to this file at its end, in the Prometheus text format')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'How progress is shown on stderr [default: auto]')
            [CompletionResult]::new('--progress-interval', '--progress-interval', [CompletionResultType]::ParameterName, 'Minimum time between two plain lines of progress [default: 10s]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'Go through no proxy, whatever the environment names')
            [CompletionResult]::new('--no-include-many-many', '--no-include-many-many', [CompletionResultType]::ParameterName, 'Do not upload join rows')
            [CompletionResult]::new('--no-include-deletes', '--no-include-deletes', [CompletionResultType]::ParameterName, 'Do not push deletes and unrelates; they stay in the change log')
            [CompletionResult]::new('--only-changed', '--only-changed', [CompletionResultType]::ParameterName, 'Compare with the server first, and upload only what it lacks or has otherwise')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'The same, and let the database win: what others have changed on the server is replaced, even by what was uploaded before; records are replaced unless --record-operation says otherwise')
            [CompletionResult]::new('--delete-extra', '--delete-extra', [CompletionResultType]::ParameterName, 'With --overwrite: also remove what only the server has; asks on a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Remove without asking')
            [CompletionResult]::new('--no-resume', '--no-resume', [CompletionResultType]::ParameterName, 'Start from the beginning, even where a checkpoint of an earlier run exists')
            [CompletionResult]::new('--no-fail-fast', '--no-fail-fast', [CompletionResultType]::ParameterName, 'Continue after rejected mutations, and report all of them')
            [CompletionResult]::new('--no-pull-after', '--no-pull-after', [CompletionResultType]::ParameterName, 'Do not pull')
            [CompletionResult]::new('--no-set-global-cursor-on-success', '--no-set-global-cursor-on-success', [CompletionResultType]::ParameterName, 'Move the global cursor by the pull only')
            [CompletionResult]::new('--no-clear-changelog-on-success', '--no-clear-changelog-on-success', [CompletionResultType]::ParameterName, 'Keep the change log')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Compare both sides afterwards; a difference is an error')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the plan; send and store nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;clone' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Offline database, a SQLite file')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Base URL; /push and /pull are added to it')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema, a JSON file [default: the one stored in the database]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'Client id that the requests carry [default: the one stored in the database, else a new one]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token; or set SYNCTOOL_TOKEN')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Shell command that prints the token')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Header to send with every request; repeatable')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'PEM file with certificates to trust in addition to the platform''s')
            [CompletionResult]::new('--client-cert', '--client-cert', [CompletionResultType]::ParameterName, 'PEM file with the client''s certificate for mutual TLS; it may hold the key too')
            [CompletionResult]::new('--client-key', '--client-key', [CompletionResultType]::ParameterName, 'PEM file with the key of the client''s certificate [default: the one in the file of the certificate]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Maximum number of retries of a failed request [default: 3]')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Maximum pause before the first retry; it doubles with each retry [default: 1s]')
            [CompletionResult]::new('--retry-max-delay', '--retry-max-delay', [CompletionResultType]::ParameterName, 'Maximum pause before any retry [default: 30s]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Timeout of one request, from connecting to the end of the answer [default: 60s]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Timeout for establishing a connection [default: 10s]')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait up to this long for the server to answer before anything is sent [default: 0s]')
            [CompletionResult]::new('--max-rate', '--max-rate', [CompletionResultType]::ParameterName, 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]')
            [CompletionResult]::new('--max-bandwidth', '--max-bandwidth', [CompletionResultType]::ParameterName, 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]')
            [CompletionResult]::new('--pull-limit', '--pull-limit', [CompletionResultType]::ParameterName, 'Maximum number of changes in one page of a pull [default: as many as make a page of 4 MiB, if the server names a limit]')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Compression of answers; auto takes what the server has, and none over loopback [default: auto]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of the result [default: auto]')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'How progress is shown on stderr [default: auto]')
            [CompletionResult]::new('--progress-interval', '--progress-interval', [CompletionResultType]::ParameterName, 'Minimum time between two plain lines of progress [default: 10s]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'Go through no proxy, whatever the environment names')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'List every value that cloneup would use, and where it comes from')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;config;show' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of the result [default: a table]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
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
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema, a JSON file [default: the one stored in the database, else an inferred one]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of the result [default: a table]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;merge-results' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of the result [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;report' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write, usually .html or .md; without it, the report is printed')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'File to write, usually .html or .md; without it, the report is printed')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Form of the report [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;schema' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('infer', 'infer', [CompletionResultType]::ParameterValue, 'Print a schema for a database that has none')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'List every problem of a schema')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;schema;infer' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;schema;check' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Also check every row of this database against the schema')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;schema;help' {
            [CompletionResult]::new('infer', 'infer', [CompletionResultType]::ParameterValue, 'Print a schema for a database that has none')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'List every problem of a schema')
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
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Offline database, a SQLite file')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Base URL; /push and /pull are added to it')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema, a JSON file [default: the one stored in the database]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'Client id that the requests carry [default: a fixed one for comparisons]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token; or set SYNCTOOL_TOKEN')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Shell command that prints the token')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Header to send with every request; repeatable')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'PEM file with certificates to trust in addition to the platform''s')
            [CompletionResult]::new('--client-cert', '--client-cert', [CompletionResultType]::ParameterName, 'PEM file with the client''s certificate for mutual TLS; it may hold the key too')
            [CompletionResult]::new('--client-key', '--client-key', [CompletionResultType]::ParameterName, 'PEM file with the key of the client''s certificate [default: the one in the file of the certificate]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Proxy to go through, with http, https or socks5, instead of what the environment names; loopback is never proxied, and --no-proxy uses none [default: the one that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names]')
            [CompletionResult]::new('--resources', '--resources', [CompletionResultType]::ParameterName, 'Compare only these resources; repeatable [default: all that are not remote-only]')
            [CompletionResult]::new('--include-many-many', '--include-many-many', [CompletionResultType]::ParameterName, 'Compare join rows of many-many relations')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Maximum number of retries of a failed request [default: 3]')
            [CompletionResult]::new('--retry-delay', '--retry-delay', [CompletionResultType]::ParameterName, 'Maximum pause before the first retry; it doubles with each retry [default: 1s]')
            [CompletionResult]::new('--retry-max-delay', '--retry-max-delay', [CompletionResultType]::ParameterName, 'Maximum pause before any retry [default: 30s]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Timeout of one request, from connecting to the end of the answer [default: 60s]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Timeout for establishing a connection [default: 10s]')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait up to this long for the server to answer before anything is sent [default: 0s]')
            [CompletionResult]::new('--max-rate', '--max-rate', [CompletionResultType]::ParameterName, 'Maximum number of requests per second, such as 2 or 0.5, retries included [default: no limit]')
            [CompletionResult]::new('--max-bandwidth', '--max-bandwidth', [CompletionResultType]::ParameterName, 'Maximum number of bytes of request bodies per second, as they are sent [default: no limit]')
            [CompletionResult]::new('--pull-limit', '--pull-limit', [CompletionResultType]::ParameterName, 'Maximum number of changes in one page of a pull [default: 1000]')
            [CompletionResult]::new('--error-file', '--error-file', [CompletionResultType]::ParameterName, 'Write all differences to this file, one JSON object per line; cloneup --only-failed takes it')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of the result [default: auto]')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'How progress is shown on stderr [default: auto]')
            [CompletionResult]::new('--progress-interval', '--progress-interval', [CompletionResultType]::ParameterName, 'Minimum time between two plain lines of progress [default: 10s]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'Go through no proxy, whatever the environment names')
            [CompletionResult]::new('--no-include-many-many', '--no-include-many-many', [CompletionResultType]::ParameterName, 'Do not compare join rows')
            [CompletionResult]::new('--show-values', '--show-values', [CompletionResultType]::ParameterName, 'Show the values of the fields that differ, of the first 100 rows; the server''s feed is read for them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; port 0 picks a free port [default: 127.0.0.1:4400]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'SQLite file that stores the data; created if it does not exist [default: synctool-server.db]')
            [CompletionResult]::new('--database-url', '--database-url', [CompletionResultType]::ParameterName, 'URL of a PostgreSQL database that stores the data instead of a file; servers can share it')
            [CompletionResult]::new('--database-url-file', '--database-url-file', [CompletionResultType]::ParameterName, 'File that holds the URL of the database, so that nobody else sees its password')
            [CompletionResult]::new('--database-schema', '--database-schema', [CompletionResultType]::ParameterName, 'Schema in the database, created if it does not exist [default: synctool]')
            [CompletionResult]::new('--database-ca-cert', '--database-ca-cert', [CompletionResultType]::ParameterName, 'PEM file with certificates to trust for the database, besides those of the system')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Schema of what clients may push, a JSON file; required')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File that holds the token that clients must send; SYNCTOOL_TOKEN can hold it too')
            [CompletionResult]::new('--max-mutations', '--max-mutations', [CompletionResultType]::ParameterName, 'Maximum number of mutations in one push [default: 1000]')
            [CompletionResult]::new('--max-body', '--max-body', [CompletionResultType]::ParameterName, 'Maximum size of a request body, such as 512K or 16MiB [default: 16MiB]')
            [CompletionResult]::new('--max-rate', '--max-rate', [CompletionResultType]::ParameterName, 'Maximum number of requests per second, of all clients together [default: no limit]')
            [CompletionResult]::new('--forget-mutations', '--forget-mutations', [CompletionResultType]::ParameterName, 'Forget applied mutations of this age, such as 30d; the same mutation, sent again later, is applied again [default: never]')
            [CompletionResult]::new('--forget-deletes', '--forget-deletes', [CompletionResultType]::ParameterName, 'Forget deletes of this age, such as 30d; a client that has pulled none of them must clone again [default: never]')
            [CompletionResult]::new('--shutdown-delay', '--shutdown-delay', [CompletionResultType]::ParameterName, 'Time to go on serving after the first signal, while /readyz answers 503, so that load balancers notice [default: 0s]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Format of the log on stderr; -v adds a line for each request [default: text]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('--new-store-id', '--new-store-id', [CompletionResultType]::ParameterName, 'Give the store a new id and exit, after it was restored to an earlier state')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;demo' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Folder for the files; must not exist yet [default: a new temporary folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing but errors on stderr')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print diagnostics on stderr; -vv prints all of them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;completions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: the nearest synctool.toml]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Profile to use, a table [profile.NAME] of that file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help; -h prints a summary')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
        'synctool;help' {
            [CompletionResult]::new('cloneup', 'cloneup', [CompletionResultType]::ParameterValue, 'Upload an offline SQLite database to a sync server')
            [CompletionResult]::new('clone', 'clone', [CompletionResultType]::ParameterValue, 'Make a new database with everything that a server has')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the configuration')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Show the content of an offline database')
            [CompletionResult]::new('merge-results', 'merge-results', [CompletionResultType]::ParameterValue, 'Add up the results of the parts of an upload into one')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Make a report of event files')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Infer or check a schema')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Compare an offline database with the server')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the reference server')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show a whole upload with generated data')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'synctool;help;cloneup' {
            break
        }
        'synctool;help;clone' {
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
        'synctool;help;merge-results' {
            break
        }
        'synctool;help;report' {
            break
        }
        'synctool;help;schema' {
            [CompletionResult]::new('infer', 'infer', [CompletionResultType]::ParameterValue, 'Print a schema for a database that has none')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'List every problem of a schema')
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
        'synctool;help;completions' {
            break
        }
        'synctool;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
