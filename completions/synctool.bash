# Completions of synctool for bash.
_synctool() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            option:*) compopt -o "${line#option:}" 2>/dev/null ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(SYNCTOOL_COMPLETE=bash synctool -- "$COMP_CWORD" "$2" "$COMP_LINE" "${COMP_WORDS[@]}" 2>/dev/null)
}
complete -o nosort -F _synctool synctool 2>/dev/null || complete -F _synctool synctool
