/**
 * Completion for bash 4 and later. Bash splits words at "=" and ":"; the script joins them for the program,
 * and removes from each candidate what bash has already completed. Candidates are never expanded.
 */
export const BASH = `# bash completion for latchkey
_latchkey() {
  local -a words=() starts=() found=()
  local i word cur=\${COMP_WORDS[COMP_CWORD]}
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == [=:]* || $word && \${words[-1]} == *[=:] ]] && [[ $COMP_LINE == *"\${words[-1]}$word"* ]]
    then words[-1]+=$word
    else words+=("$word") starts+=($i)
    fi
  done
  mapfile -t found < <("\${COMP_WORDS[0]/#\\~\\//$HOME/}" complete -- "\${words[@]}" 2>/dev/null </dev/null)
  COMPREPLY=()
  [[ $cur == [=:] ]] && cur=
  case $found in
    words) found=("\${found[@]:1}") found=("\${found[@]%%$'\\t'*}") COMPREPLY=("\${found[@]#"\${words[-1]%"$cur"}"}") ;;
    files) _latchkey_paths -f "$cur" ;;
    directories) _latchkey_paths -d "$cur" ;;
    program)
      i=\${starts[found[1]]}
      if declare -F _command_offset >/dev/null; then _command_offset "$i"
      elif ((i == COMP_CWORD)); then _latchkey_paths -c "$cur"
      else _latchkey_paths -f "$cur"
      fi ;;
  esac
}
_latchkey_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}
complete -F _latchkey latchkey
`;
