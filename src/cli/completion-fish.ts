/** The completion for fish. */
import { type Entry, type EntryOption, everyEntry } from './completion-entry.ts';
import { nameOf, steps, valued } from './completion-steps.ts';

/** The script; goes into fish's folder of completions as `latchkey.fish`. */
export function fishScript(root: Entry): string {
  const values = (['file', 'directory', 'other'] as const).flatMap((kind) => valued(root, kind));
  return `# fish completion for latchkey
function __latchkey_at
    set -l at latchkey
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        if test "$word" = --; or begin; test "$at" = 'latchkey start'; and not string match -q -- '-*' $word; end
            echo program
            return
        end
        switch "$at $word"
            case ${values.map(quoted).join(' ')}
                set skip 1
            case ${steps(root).map(quoted).join(' ')}
                set at "$at $word"
        end
    end
    echo $at
end
complete -c latchkey -f
complete -c latchkey -n 'test (__latchkey_at) = program' -F
complete -c latchkey -n 'test (__latchkey_at) = "latchkey start"' -a '(__fish_complete_command)'
${[...everyEntry(root)].flatMap(lines).join('\n')}
`;
}

function lines(entry: Entry): string[] {
  const start = `complete -c latchkey -n ${quoted(`test (__latchkey_at) = "${nameOf(entry)}"`)}`;
  const names = entry.commands.map(
    (below) => `${start} -a ${quoted(below.path.at(-1) ?? '')} -d ${quoted(below.description)}`,
  );
  const choices = entry.choices.map((choice) => `${start} -a ${quoted(choice)}`);
  return [...names, ...choices, ...entry.options.map((option) => `${start} ${optionWords(option)}`)];
}

function optionWords(option: EntryOption): string {
  const flags = option.flags.map((flag) =>
    flag.startsWith('--') ? `-l ${quoted(flag.slice(2))}` : `-s ${quoted(flag.slice(1))}`,
  );
  const value = option.takesValue ? [option.value === 'other' ? '-x' : '-r -F'] : [];
  return [...flags, ...value, '-d', quoted(option.description)].join(' ');
}

/** As one word of fish: within single quotes only \\ and ' are special. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
