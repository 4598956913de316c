/**
 * `latchkey completion`: a script for the shell, made from the commander definitions, so that it
 * cannot fall behind them.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { type Entry, entryOf } from '../completion/entry.ts';
import { fishScript } from '../completion/fish.ts';
import { zshScript } from '../completion/zsh.ts';
import type { Act } from '../run.ts';

type Shell = (root: Entry) => string;

const SHELLS: ReadonlyMap<string, Shell> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

const HOW = `
To try it:     source <(latchkey completion bash)
To keep it:    latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey
               latchkey completion zsh  > a folder of $fpath, as _latchkey
               latchkey completion fish > ~/.config/fish/completions/latchkey.fish`;

export function addCompletion(program: Command, act: Act): void {
  program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(program.createArgument('<shell>', 'the shell').choices([...SHELLS.keys()]))
    .addHelpText('after', HOW)
    .action(
      act(async (run, _options, [shell = '']) => {
        const script = SHELLS.get(shell);
        if (script === undefined) throw new InvalidArgumentError(`no completion for ${shell}`);
        run.out.text(script(entryOf(program, [])));
        return undefined;
      }),
    );
}
