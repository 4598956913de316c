/** The completion for fish. */
import { type Entry, type EntryOption, everyEntry, type Kind } from './entry.ts';
import { nameOf, REACHING, REACHING_ALONE, steps, valuedByKind } from './steps.ts';

/** The script; goes into fish's folder of completions as `latchkey.fish`. */
export function fishScript(root: Entry): string {
  const values = valuedByKind(root).flatMap(([, options]) => options);
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
function __latchkey_known
    set -l said
    set -l keep
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test -n "$keep"
            set -a said $keep $word
            set keep
            continue
        end
        switch $word
            case ${REACHING.join(' ')}
                set keep $word
            case ${REACHING_ALONE}
                set -a said $word
        end
    end
    command $words[1] $said known $argv[1] 2>/dev/null </dev/null
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
  const known = entry.known === undefined ? [] : [`${start} -a '(__latchkey_known ${entry.known})'`];
  return [
    ...names,
    ...choices,
    ...known,
    ...entry.options.map((option) => `${start} ${optionWords(option)}`),
  ];
}

function optionWords(option: EntryOption): string {
  const flags = option.flags.map((flag) =>
    flag.startsWith('--') ? `-l ${quoted(flag.slice(2))}` : `-s ${quoted(flag.slice(1))}`,
  );
  const value = option.takesValue ? [valueWords(option.value)] : [];
  return [...flags, ...value, '-d', quoted(option.description)].join(' ');
}

function valueWords(kind: Kind): string {
  if (kind === 'file' || kind === 'directory') return '-r -F';
  return kind === 'other' ? '-x' : `-x -a '(__latchkey_known ${kind})'`;
}

/** As one word of fish: within single quotes only \\ and ' are special. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
