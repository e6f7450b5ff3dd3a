
set edit:completion:arg-completer[synctool] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) SYNCTOOL_COMPLETE="elvish" synctool -- $@words) | to-lines
}

