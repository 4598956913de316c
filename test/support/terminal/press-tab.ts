/** Shows what bash, zsh and fish make of our completion: types lines, and presses Tab after each. */
import { execFileSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * Lines that prepare a shell for `type`: no prompts of its own, our script, and ^G, which shows the line and
 * clears it.
 */
const READY: Readonly<Record<'bash' | 'zsh', readonly string[]>> = {
  bash: [
    'bash --norc --noprofile -i',
    "bind 'set completion-query-items 0'; bind 'set page-completions off'; bind 'set show-all-if-ambiguous on'",
    "bind 'set enable-bracketed-paste off'",
    'bind -x \'"\\C-g": echo "line<$READLINE_LINE>"; READLINE_LINE=\'',
    'source <(latchkey completion bash)',
  ],
  zsh: [
    'zsh -f -i',
    'bindkey "^I" complete-word; setopt nolistambiguous', // by default Tab expands, and so runs, the input
    'LISTMAX=0; autoload -U compinit; compinit -u -D; source <(latchkey completion zsh)',
    'show() { zle -I; print -r -- "line<$BUFFER>"; BUFFER=; }; zle -N show; bindkey "^G" show',
  ],
};

const TYPE = `
zmodload zsh/zpty
zpty tty "stty cols 300 rows 500; exec $1"; shift
while [[ $1 != -- ]]; do zpty -w tty "$1"; shift; done; shift
zpty -w tty 'echo ready$((1))'; zpty -r tty said $'*ready1*'
for line; do
  zpty -n -w tty "$line"$'\\t\\a'
  zpty -r tty said $'*line<*>*'
  print -rn -- "$said"$'\\0'
done`;

const FISH = `
latchkey completion fish | source
for line in $argv
    complete -C "$line"
    printf '\\0'
end`;

export interface Typing {
  /** Folder that contains the program, named latchkey. */
  readonly programs: string;
  /** Working folder of the shell. */
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Returns what `shell` shows for each of `lines`: the completed line when it is unambiguous, and its offers.
 */
export function pressTab(
  shell: Shell,
  lines: readonly string[],
  { programs, folder, env }: Typing,
): string[] {
  const [command, ...argv] =
    shell === 'fish'
      ? ['fish', '--no-config', '-c', FISH, ...lines]
      : ['zsh', '-f', '-c', TYPE, 'type', ...READY[shell], '--', ...lines];
  const said = execFileSync(command, argv, {
    encoding: 'utf8',
    cwd: folder,
    env: { HOME: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env, PATH: `${programs}:/usr/bin:/bin` },
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return said.split('\0').slice(0, -1).map(stripVTControlCharacters);
}
