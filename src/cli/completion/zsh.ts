/** The completion for zsh. */
import { type Entry, everyEntry } from './entry.ts';
import { anyOf, nameOf, quoted, REACHING, REACHING_ALONE, steps, valuedByKind } from './steps.ts';

/** The script; goes into a folder of $fpath as `_latchkey`, or is sourced. */
export function zshScript(root: Entry): string {
  return `#compdef latchkey
_latchkey() {
  local at=latchkey skip= keep= known= word i program=$words[1]
  local -a names flags said
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $skip ]]; then
      [[ -z $keep ]] || said+=("$keep" "$word")
      skip= keep=
      continue
    fi
    if [[ $at == 'latchkey start' && $word != -* || $word == -- ]]; then
      [[ $word == -- ]] && ((i++))
      shift $((i - 1)) words
      ((CURRENT -= i - 1))
      _normal
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
    file) _files; return ;;
    directory) _files -/; return ;;
    other) _message value; return ;;
    ?*) _latchkey_known $skip; return ;;
  esac
  case $at in
${[...everyEntry(root)].map(describe).join('\n')}
  esac
  if [[ $at == 'latchkey start' && $PREFIX != -* ]]; then _command_names; return; fi
  ((\${#names})) && _describe -t commands command names
  [[ -z $known || $PREFIX == -* ]] || _latchkey_known $known
  [[ $PREFIX == -* ]] && _describe -o -t options option flags
}
_latchkey_known() {
  local -a found
  found=(\${(f)"$($program $said known $1 2>/dev/null </dev/null)"})
  found=(\${found//:/\\:})
  found=(\${found/$'\t'/:})
  ((\${#found})) && _describe -t $1 $1 found
}
if [[ \${funcstack[1]} == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`;
}

function describe(entry: Entry): string {
  const below = entry.commands.map((each) => described(each.path.at(-1) ?? '', each.description));
  const names = [...below, ...entry.choices.map(quoted)].join(' ');
  const flags = entry.options
    .flatMap((option) => option.flags.map((flag) => described(flag, option.description)))
    .join(' ');
  const known = entry.known === undefined ? '' : `; known=${entry.known}`;
  return `    ${quoted(nameOf(entry))}) names=(${names}); flags=(${flags})${known} ;;`;
}

function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', String.raw`\:`)}:${description}`);
}
