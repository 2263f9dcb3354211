#compdef runner
# Words for runner on the command line of zsh: source <(runner completions zsh)
# or, in a folder of $fpath: runner completions zsh > _runner
_runner() {
  local line="${(j: :)words[1,CURRENT]}" found entry
  local -a entries
  for found in "${(@f)$("${words[1]/#\~/$HOME}" completions words -- "$line" 2>/dev/null)}"; do
    [[ -n $found ]] || continue
    entry="${${found%%$'\t'*}//:/\\:}"
    entries+=("$entry:${found#*$'\t'}")
  done
  if (( $#entries )); then _describe -V runner entries; else _files; fi
}
if [[ ${funcstack[1]} == _runner ]]; then _runner "$@"; else compdef _runner runner; fi
