/** The completion for bash 4 and later. */
import { type Entry, everyEntry } from './entry.ts';
import { anyOf, nameOf, quoted, REACHING, REACHING_ALONE, steps, valuedByKind } from './steps.ts';

/** The script; sourced or put into bash-completion's folder. */
export function bashScript(root: Entry): string {
  return `# bash completion for latchkey
_latchkey() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at=latchkey skip= keep= known= words= word i
  local -a said=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == = ]] && continue
    if [[ -n $skip ]]; then
      while [[ \${COMP_WORDS[i + 1]} == : ]]; do word+=:\${COMP_WORDS[i + 2]}; ((i += 2)); done
      [[ -z $keep ]] || said+=("$keep" "$word")
      skip= keep=
      continue
    fi
    if [[ $at == 'latchkey start' && $word != -* || $word == -- ]]; then
      [[ $word == -- ]] && ((i++))
      _latchkey_program $i
      return
    fi
    case $word in
      ${anyOf(REACHING)}) keep=$word ;;
      ${REACHING_ALONE}) said+=("$word") ;;
    esac
    case "$at $word" in
${valuedByKind(root)
  .map(([kind, options]) => `      ${anyOf(options)}) skip=${kind} ;;`)
  .join('\n')}
      ${anyOf(steps(root))}) at="$at $word" ;;
    esac
  done
  case $skip in
    file) _latchkey_found -f "$cur"; return ;;
    directory) _latchkey_found -d "$cur"; return ;;
    other) return ;;
    ?*) _latchkey_known $skip; return ;;
  esac
  case $at in
${[...everyEntry(root)].map(words).join('\n')}
  esac
  if [[ $at == 'latchkey start' && $cur != -* ]]; then _latchkey_program $COMP_CWORD; return; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ -z $known || $cur == -* ]] || _latchkey_known $known
}
_latchkey_known() {
  COMPREPLY+=($(compgen -W "$("\${COMP_WORDS[0]}" "\${said[@]}" known "$1" 2>/dev/null </dev/null | cut -f 1)" -- "$cur"))
}
_latchkey_program() {
  if declare -F _command_offset >/dev/null; then _command_offset "$1"
  elif ((COMP_CWORD == $1)); then _latchkey_found -c "\${COMP_WORDS[COMP_CWORD]}"
  else _latchkey_found -f "\${COMP_WORDS[COMP_CWORD]}"
  fi
}
_latchkey_found() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}
complete -F _latchkey latchkey
`;
}

function words(entry: Entry): string {
  const flags = entry.options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--')));
  const names = entry.commands.map((below) => below.path.at(-1) ?? '');
  const known = entry.known === undefined ? '' : ` known=${entry.known}`;
  return `    ${quoted(nameOf(entry))}) words=${quoted([...names, ...entry.choices, ...flags].join(' '))}${known} ;;`;
}
