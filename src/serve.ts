/** `latchkey serve`: arguments, signals and exit statuses around the daemon. */
import { parseArgs } from 'node:util';
import { loadConfig } from './config/config.ts';
import { startDaemon } from './daemon.ts';
import { AppError, isAppError } from './errors.ts';
import { createLog, type Log } from './log.ts';
import { setDumpable } from './native/process.ts';
import { homeOf } from './user-folders.ts';
import { VERSION } from './version.ts';

const HELP = `Usage: latchkey serve [--config FILE] [--run DIR]

Runs the daemon in the foreground until SIGTERM or SIGINT. As root or as the user "latchkey" it serves
everybody on this host; as anybody else it serves that user alone, on loopback.

  --config FILE  the configuration; default: /etc/latchkey/config.yaml in system mode,
                 $XDG_CONFIG_HOME/latchkey/config.yaml otherwise
  --run DIR      where local programs find the daemon; default: /run/latchkey in system mode
  --help         this text

Exit status: 0 stopped, 1 failed, 2 usage, 78 the configuration cannot be used.
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_CONFIG = 78; // EX_CONFIG, sysexits.h

/** Runs the daemon; resolves with the exit status. */
export async function runServe(argv: string[]): Promise<number> {
  try {
    const { values } = readArguments(argv);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    return await serve(values);
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`latchkey: ${error.message}\n`);
    if (error.reason === 'USAGE') return EXIT_USAGE;
    return error.reason === 'CONFIG_INVALID' ? EXIT_CONFIG : EXIT_FAILED;
  }
}

function readArguments(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: { config: { type: 'string' }, run: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    const what = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new AppError('USAGE', `${what}; see latchkey serve --help`);
  }
}

async function serve(flags: { config?: string; run?: string }): Promise<number> {
  process.umask(0o077);
  setDumpable(false);
  const uid = process.getuid?.() ?? -1;
  const config = loadConfig({ argv: flags, env: process.env, uid, home: homeOf(process.env) });
  const log = createLog(config.log);
  const stopped = stopSignal(log);
  await using daemon = await startDaemon(config, log);
  const { address, serverId, fingerprint } = daemon;
  log.info({ address, serverId, fingerprint, mode: config.mode, version: VERSION }, 'latchkey serves');
  const signal = await stopped;
  log.info({ signal }, 'latchkey stops; links and sessions go on');
  return 0;
}

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process as it would without us. */
function stopSignal(log: Log): Promise<NodeJS.Signals> {
  process.on('SIGHUP', () => log.info({ signal: 'SIGHUP' }, 'there is nothing to reread'));
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
