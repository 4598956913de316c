/** Completion for zsh; installed in a folder of $fpath as `_latchkey`, or sourced. */
export const ZSH = `#compdef latchkey
_latchkey() {
  local -a found
  found=("\${(@f)$("\${(Q)words[1]/#\\~\\//$HOME/}" complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  case $found[1] in
    words)
      shift found
      found=("\${(@)found//:/\\\\:}")
      found=("\${(@)found/$'\\t'/:}")
      if [[ $PREFIX == -* ]]; then _describe -o option found
      else _describe word found
      fi ;;
    files) compset -P '--*='; _files ;;
    directories) compset -P '--*='; _files -/ ;;
    program)
      shift $((found[2] + 1)) words
      ((CURRENT -= found[2] + 1))
      _normal ;;
    *) return 1 ;;
  esac
}
if [[ \${funcstack[1]} == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`;
