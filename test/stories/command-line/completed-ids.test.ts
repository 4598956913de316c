/** The completion offers what the server knows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, runAs } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { HOSTILE } from '../../support/terminal/hostile-text.ts';

let daemon: TestDaemon;

/** Runs a line of bash in which `$latchkey` is the program. */
function shell(line: string, more: NodeJS.ProcessEnv): Promise<Finished> {
  const env = { latchkey: program(), ...more };
  return runAs(alice, ['/bin/bash', '-c', line], { env }).finished;
}

/**
 * Commands that print each shell's candidates for $words. zsh completes only interactively: keys are sent
 * to it until it shows $wanted.
 */
const OFFERS: Readonly<Record<string, string>> = {
  bash: `source <($latchkey completion bash); COMP_WORDS=("$latchkey" $words ''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: `fish --no-config -c '$latchkey completion fish | source; complete -C "$latchkey $words "'`,
  zsh: `timeout 20 zsh -f -c 'zmodload zsh/zpty; zpty z "stty cols 300; exec zsh -f -i"
    zpty -w z "autoload -U compinit; compinit -u -D; source <($latchkey completion zsh); print ready\\$((1))"
    zpty -r z said "*ready1*"; zpty -n -w z "$latchkey $words "$'"'\\t\\t'"'; zpty -r z said "*$wanted*"; print -r -- $said'`,
};
/** Command lines without their last word, and that word. */
const lines = async (): Promise<[string, string][]> => {
  const [token] = await daemon.as(alice).tokens();
  const [link] = await daemon.as(alice).links();
  return [
    ['tokens show', token?.jti ?? ''],
    ['tokens revoke --login', 'alice'],
    ['links stop', link?.socket ?? ''],
  ];
};

describe('the completion knows what the server knows', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.for(Object.keys(OFFERS))('in %s', async (name) => {
    for (const [words, wanted] of await lines()) {
      const env = { words: `--run ${daemon.runFolder} ${words}`, wanted };
      expect((await shell(OFFERS[name] ?? '', env)).stdout).toContain(wanted);
    }
  });

  test.for(Object.keys(OFFERS))('and runs none of it in %s', async (name) => {
    const argv = ['start', '--detach', '--', 'sleep', '60', HOSTILE.shell ?? '', ...Object.values(HOSTILE)];
    const wanted = (await daemon.cli(alice, argv)).stdout.trim();
    const env = { words: `--run ${daemon.runFolder} sessions show`, wanted };
    const { stdout } = await shell(OFFERS[name] ?? '', env);
    expect(stdout).toContain(wanted);
    expect(stdout).not.toContain('\u001b]');
    expect(existsSync(join(alice.home, 'pwned'))).toBe(false);
  });
});
