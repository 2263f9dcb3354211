# Words for runner on the command line of bash: source <(runner completions bash)
_runner() {
  local line="${COMP_LINE:0:COMP_POINT}" found word
  # bash takes what follows the last : = or @ for the whole word.
  local full="${line##*[[:space:]]}"
  local skip="${full%"${full##*["$COMP_WORDBREAKS"]}"}"
  [[ $skip == *[:=@] ]] || skip=
  found=$("${1/#\~/$HOME}" completions words -- "$line" 2>/dev/null) || return 0
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    [[ -z $word ]] || COMPREPLY+=("$(printf '%q' "${word#"$skip"}")")
  done <<< "$found"
}
complete -o default -o nosort -F _runner runner 2>/dev/null || complete -o default -F _runner runner
