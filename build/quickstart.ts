/**
 * The main use of Latchkey from end to end, with the real program: a server, a token through a link on
 * the same host, a program run as the user, the lists, a revocation with its receipt, and the refusal
 * after it. All files are in .quickstart/ in the clone; the server is left running.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = dirname(import.meta.dirname);
const folder = join(root, '.quickstart');
const run = join(folder, 'runtime/latchkey');
const program = join(root, 'dist/latchkey');
const shown = relative(root, join(folder, 'latchkey'));
const environment = {
  ...process.env,
  XDG_CONFIG_HOME: join(folder, 'config'),
  XDG_STATE_HOME: join(folder, 'state'),
  XDG_RUNTIME_DIR: join(folder, 'runtime'),
};

if (process.argv[2] === 'stop') {
  say((await stopServer()) ? 'The server is stopped.' : 'The server of the quickstart is not running.');
} else {
  await main().catch(fail);
}

async function main(): Promise<void> {
  say(`All files of the quickstart are in ${folder}\n`);
  await stopServer();
  await prepare();

  title('Start a server on an embedded SQLite database');
  const server = await startServer();
  say(`latchkey serve is running (process ${server.pid}, ${serverFile()?.address})\n`);

  title('Log in: on the host itself, without a password');
  const link = await startLink();
  process.once('exit', () => link.kill());
  await succeed('whoami');

  title('Run a program through the link, as yourself');
  await succeed(
    'start',
    '--',
    'sh',
    '-c',
    'echo "Hello from $(id -un), process $$"; for n in 3 2 1; do echo $n; sleep 0.3; done',
  );

  title('List who is logged in, and what runs');
  await succeed('tokens');
  await succeed('links');
  await succeed('sessions');

  title('Revoke the login');
  const jti = tokenId();
  const kept = keepToken();
  await succeed('tokens', 'revoke', jti, '--local-admin');
  await ended(link);

  title('The next call with that token is refused');
  const refused = await latchkey('whoami', '--token-file', kept);
  if (refused === 0) throw new Error('a revoked token was accepted');

  say(`The server keeps running. Its log: ${relative(root, join(folder, 'server.log'))}`);
  say(`  ${shown} link       log in again, in another terminal`);
  say(`  ${shown} --help     everything else`);
  say('  npm run quickstart -- stop      stop the server');
}

function fail(error: unknown): void {
  process.stderr.write(`\nquickstart: ${error instanceof Error ? error.message : String(error)}\n`);
  if (serverFile() !== undefined) {
    say(`The server may still be running. Its log: ${relative(root, join(folder, 'server.log'))}`);
    say('  npm run quickstart -- stop     stop the server');
  }
  process.exitCode = 1;
}

/** Creates the folders, a configuration with a free port, and a `latchkey` script for this server. */
async function prepare(): Promise<void> {
  for (const name of ['config/latchkey', 'state', 'runtime'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  const config = join(folder, 'config/latchkey/config.yaml');
  if (!existsSync(config)) writeFileSync(config, configuration(await freePort()), { mode: 0o600 });
  const wrapper = `#!/bin/sh
# latchkey, talking to the server of the quickstart
export XDG_CONFIG_HOME='${environment.XDG_CONFIG_HOME}' XDG_STATE_HOME='${environment.XDG_STATE_HOME}' XDG_RUNTIME_DIR='${environment.XDG_RUNTIME_DIR}'
verb=\${1-}
case $verb in
  link) shift && exec '${program}' link --run '${run}' "$@" ;;
  serve) shift && exec '${program}' serve --config '${config}' "$@" ;;
esac
exec '${program}' --run '${run}' --config '${config}' "$@"
`;
  writeFileSync(join(folder, 'latchkey'), wrapper, { mode: 0o755 });
}

/**
 * Returns the configuration. Root's server runs in system mode: it needs folders of its own, and root
 * must be eligible.
 */
function configuration(port: number): string {
  const always = `api: { listen: "127.0.0.1:${port}" }\nlog: { format: human }\n`;
  if (process.getuid?.() !== 0) return always;
  return `${always}paths: { state: "${join(folder, 'state/latchkey')}", run: "${run}" }\nlinks: { eligible: { users: [root] } }\n`;
}

async function startServer(): Promise<ChildProcess> {
  const log = openSync(join(folder, 'server.log'), 'a', 0o600);
  const config = join(folder, 'config/latchkey/config.yaml');
  const server = spawn(program, ['serve', '--config', config], {
    env: environment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  server.unref();
  const deadline = Date.now() + 20_000;
  while (serverFile()?.pid !== server.pid) {
    if (server.exitCode !== null || Date.now() > deadline) {
      process.stderr.write(readFileSync(join(folder, 'server.log')));
      throw new Error('the server did not start');
    }
    await delay(50);
  }
  return server;
}

/** Starts `latchkey link`, which runs until its token ends; resolves once it has stored the token. */
async function startLink(): Promise<ChildProcess> {
  say(`$ ${shown} link &`);
  const link = spawn(join(folder, 'latchkey'), ['link'], { stdio: ['ignore', 'inherit', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    link.once('exit', (status) => reject(new Error(`latchkey link ended with status ${status}`)));
    link.stderr?.on('data', (text: Buffer) => {
      process.stderr.write(text);
      if (text.includes('is logged in')) resolve();
    });
  });
  return link;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Runs a command as a user would type it; its output goes to the terminal. */
async function latchkey(...argv: string[]): Promise<number> {
  say(`$ ${shown} ${argv.map((word) => (/^[\w./:-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);
  const child = spawn(join(folder, 'latchkey'), argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  const status = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 255)));
  say(status === 0 ? '' : `(exit status ${status})\n`);
  return status;
}

/** Like `latchkey`, for commands that must succeed. */
async function succeed(...argv: string[]): Promise<void> {
  const status = await latchkey(...argv);
  if (status !== 0) throw new Error(`'latchkey ${argv[0]}' ended with status ${status}`);
}

function tokenId(): string {
  const answer = spawnSync(join(folder, 'latchkey'), ['whoami', '--json'], { encoding: 'utf8' });
  return (JSON.parse(answer.stdout) as { token: { jti: string } }).token.jti;
}

/** Copies the stored token, as a thief would: the link removes the original when it ends. */
function keepToken(): string {
  const name = serverFile()?.address.replace(':', '_') ?? '';
  const copy = join(folder, 'stolen-token');
  copyFileSync(join(environment.XDG_CONFIG_HOME, 'latchkey/servers', name, 'token'), copy);
  return relative(process.cwd(), copy);
}

function serverFile(): { pid: number; address: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(run, 'server.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

async function stopServer(): Promise<boolean> {
  const pid = serverFile()?.pid;
  if (pid === undefined || !isOurs(pid)) return false;
  process.kill(pid, 'SIGTERM');
  while (isOurs(pid)) await delay(50);
  rmSync(join(run, 'server.json'), { force: true });
  return true;
}

/** Returns true while `pid` is the server that runs from this folder's configuration. */
function isOurs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(folder, 'config/latchkey/config.yaml'));
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address ? address.port : 7300;
}

function title(text: string): void {
  say(`── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
