complete --keep-order --exclusive --command synctool --arguments "(SYNCTOOL_COMPLETE=fish synctool -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
