/** `latchkey config`: checks or shows the server's configuration, without a server. */
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { hostServerInstead } from '../../system/host-server.ts';
import { homeOf } from '../../system/xdg.ts';
import { refuseUnknownCommand } from '../resource-command.ts';
import type { Act, Run } from '../run.ts';
import { addSudoers } from './config-sudoers.ts';

export function addConfig(program: Command, act: Act): void {
  const noun = program
    .command('config')
    .helpCommand(false)
    .description("check or show the server's configuration, or the rules for sudo");
  noun
    .command('check')
    .description('check the configuration; exit status 78 if it is invalid')
    .action(act(check));
  noun
    .command('show')
    .description('show every setting with its value and source; secrets are hidden')
    .action(act(show));
  addSudoers(noun, act);
  noun
    .enablePositionalOptions()
    .usage('[options] [show]\n       latchkey config check\n       latchkey config sudoers [--group [group]]')
    .allowExcessArguments()
    .action(
      act((run, _options, words) => {
        refuseUnknownCommand(noun, words[0]);
        return show(run);
      }),
    );
}

async function check(run: Run): Promise<undefined> {
  const { configCheck } = await import('../../config/show.ts');
  const config = await load(run);
  const instead = hostServerInstead(config);
  if (instead !== undefined)
    run.out.note(
      `latchkey: you have no server of your own. To check the one of this host, at ${instead.address}, run as root: ` +
        'latchkey config check',
    );
  const shown = configCheck(config);
  if (run.out.json) run.out.document(shown.json);
  else for (const line of shown.lines) run.out.line(line);
}

async function show(run: Run): Promise<undefined> {
  const { configShow } = await import('../../config/show.ts');
  const shown = configShow(await load(run));
  if (run.out.json) run.out.document(shown.json);
  else for (const line of shown.lines) run.out.line(line);
}

/** Loads the configuration. Throws CONFIG_INVALID, as `latchkey serve` does. */
async function load(run: Run): Promise<Config> {
  const { loadConfig } = await import('../../config/config.ts');
  const { config, run: runFolder } = run.globals;
  const { env } = run.io;
  return loadConfig({
    argv: { config, run: runFolder },
    env,
    uid: process.getuid?.() ?? -1,
    home: homeOf(env),
  });
}
