/** The completion for zsh. */
import { type Entry, everyEntry } from './completion-entry.ts';
import { anyOf, nameOf, quoted, steps, valued } from './completion-steps.ts';

/** The script; goes into a folder of $fpath as `_latchkey`, or is sourced. */
export function zshScript(root: Entry): string {
  return `#compdef latchkey
_latchkey() {
  local at=latchkey skip= word i
  local -a names flags
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $skip ]]; then skip=; continue; fi
    if [[ $at == 'latchkey start' && $word != -* || $word == -- ]]; then
      [[ $word == -- ]] && ((i++))
      shift $((i - 1)) words
      ((CURRENT -= i - 1))
      _normal
      return
    fi
    case "$at $word" in
      ${anyOf(valued(root, 'file'))}) skip=file ;;
      ${anyOf(valued(root, 'directory'))}) skip=directory ;;
      ${anyOf(valued(root, 'other'))}) skip=other ;;
      ${anyOf(steps(root))}) at="$at $word" ;;
    esac
  done
  case $skip in
    file) _files; return ;;
    directory) _files -/; return ;;
    other) _message value; return ;;
  esac
  case $at in
${[...everyEntry(root)].map(describe).join('\n')}
  esac
  if [[ $at == 'latchkey start' && $PREFIX != -* ]]; then _command_names; return; fi
  ((\${#names})) && _describe -t commands command names
  [[ $PREFIX == -* ]] && _describe -o -t options option flags
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
  return `    ${quoted(nameOf(entry))}) names=(${names}); flags=(${flags}) ;;`;
}

function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', String.raw`\:`)}:${description}`);
}
