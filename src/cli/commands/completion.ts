/**
 * `latchkey completion`: prints a script for the shell, which gets its candidates from `latchkey complete`.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { BASH } from '../completion/bash.ts';
import { FISH } from '../completion/fish.ts';
import { ZSH } from '../completion/zsh.ts';
import { addNotes } from '../help.ts';
import type { Act } from '../run.ts';

const SHELLS: ReadonlyMap<string, string> = new Map([
  ['bash', BASH],
  ['zsh', ZSH],
  ['fish', FISH],
]);

const NOTES = [
  { title: 'To try it', lines: ['source <(latchkey completion bash)'] },
  {
    title: 'To install it',
    lines: [
      'latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey',
      'latchkey completion zsh > FOLDER/_latchkey, where FOLDER is in your $fpath',
      'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
    ],
  },
];

export function addCompletion(program: Command, act: Act): void {
  const command = program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(program.createArgument('<shell>', 'the shell').choices([...SHELLS.keys()]))
    .action(
      act(async (run, _options, [shell = '']) => {
        const script = SHELLS.get(shell);
        if (script === undefined) throw new InvalidArgumentError(`no completion for ${shell}`);
        run.out.text(script);
        return undefined;
      }),
    );
  addNotes(command, ...NOTES);
}
