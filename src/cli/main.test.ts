import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capture } from '../../test/support/terminal/memory-io.ts';
import { VERSION } from '../version.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

/** Runs a shell line in which $latchkey is the real program. */
function shell(line: string): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NODE: process.execPath, MAIN };
  const script = `latchkey() { "$NODE" "$MAIN" "$@"; }\n${line}`;
  return spawnSync('bash', ['-c', script], { encoding: 'utf8', env, timeout: 20_000 });
}

describe('the command line', () => {
  it('shows every command, including the roles', async () => {
    const { status, stdout } = await capture(['--help']);
    expect(status).toBe(0);
    const verbs =
      'serve link trust whoami logout start attach sessions tokens links config doctor completion licenses version help';
    for (const verb of verbs.split(' ')) expect(stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
  });

  it('fits its help into 80 columns', async () => {
    for (const argv of [['help'], ['tokens', '--help'], ['sessions', 'end', '--help'], ['start', '--help']]) {
      const { stdout } = await capture(argv);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it("shows a command's own options before the global options", async () => {
    for (const argv of [['whoami'], ['start'], ['sessions', 'signal']]) {
      const { stdout } = await capture([...argv, '--help']);
      expect(stdout).toMatch(/\nOptions:\n[\s\S]*\nGlobal options:\n/);
    }
  });

  it.each([
    ['whoami --frob', "unknown option '--frob'; see latchkey whoami --help"],
    ['sessions show', "missing required argument 'id'; see latchkey sessions show --help"],
    ['start', 'a login shell needs a terminal: name a command, or add --pty; see latchkey start --help'],
    ['login --answers-stdin @here', '"@here" names no user; expected [USER@]HOST[:PORT]'],
    ['config frob', "unknown command 'config frob'; there are check, show, sudoers"],
    ['trust localhost:99999', '"localhost:99999" is not host or host:port'],
  ])('names the next step after %j', async (line, told) => {
    const { stderr } = await capture(line.split(' '));
    expect(stderr).toBe(`latchkey: ${told}\n`);
  });

  it.each([
    [[], 0],
    [['help'], 0],
    [['version'], 0],
    [['--version'], 0],
    [['tokens', '--help'], 0],
    [['tokenz'], 2],
    [['tokens', 'lst'], 2],
    [['tokens', '--limit', '0'], 2],
    [['tokens', 'show'], 2],
    [['tokens', 'revoke'], 2],
    [['tokens', 'revoke', 'jti', '--login', 'bob'], 2],
    [['sessions', '--state', 'odd'], 2],
    [['sessions', 'end', 'id', '--grace', '61'], 2],
    [['whoami', 'extra'], 2],
    [['completion', 'tcsh'], 2],
    [['--no-color', 'serve'], 2],
    [['config', 'check', '--config', '/nonexistent/latchkey.yaml'], 78],
    [['start'], 255],
    [['start', '--env', 'NAME', 'true'], 255],
    [['start', '--stdin-json', '[1]', 'true'], 255],
    [['start', '--help'], 0],
    [['attach'], 255],
    [['attach', 'id', '--offset', '-1'], 255],
  ])('ends %j with %i, and says why in one line if it failed', async (argv, wanted) => {
    const { status, stderr } = await capture(argv);
    expect(status).toBe(wanted);
    if (wanted !== 0 && argv.length > 0) expect(stderr).toMatch(/^latchkey: [^\n]+\n$/);
  });

  it('suggests similar commands and options', async () => {
    expect((await capture(['tokenz'])).stderr).toBe(
      "latchkey: unknown command 'tokenz' (Did you mean tokens?)\n",
    );
    expect((await capture(['tokens', 'revok', 'jti'])).stderr).toMatch(
      /^latchkey: unknown command 'tokens revok' \(Did you mean revoke\?\); there are list, .*\n$/,
    );
    expect((await capture(['links', 'ls'])).stderr).toContain(
      "'links ls'; there are list, watch, start, stop",
    );
    expect((await capture(['tokens', '--logn=x'])).stderr).toContain('--login');
  });

  it('shows hostile words inert', async () => {
    const { stderr } = await capture(['\u001b[2J\u202e\t']);
    expect(stderr).toBe("latchkey: unknown command '\\x1b[2J\\u202e\\t'; see latchkey --help\n");
  });

  it('accepts global options before and after the command', async () => {
    const wanted = { version: VERSION, commit: null, nodeVersion: process.versions.node };
    for (const argv of [
      ['--json', 'version'],
      ['version', '--json'],
    ]) {
      expect(JSON.parse((await capture(argv)).stdout)).toEqual(wanted);
    }
  });

  it('says that no server answers, and names the next step', async () => {
    const { status, stderr } = await capture(['trust', '127.0.0.1:1']);
    expect(status).toBe(6);
    expect(stderr).toMatch(/^latchkey: 127\.0\.0\.1 port 1: .*ECONNREFUSED.*; .*\n$/);
  });
});

describe('the program in a shell', () => {
  it.each(['serve --help', 'link --run /x -h', '--theme dark tui --help', 'help doctor'])(
    'shows the help of a role for %j',
    (words) => {
      const { status, stdout } = shell(`latchkey ${words}`);
      const [role] = /serve|link|tui|doctor/.exec(words) ?? [];
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: latchkey ${role} .*\n\n[A-Z].*\n[^]*\n  -h, --help `));
    },
  );

  it('exits silently, as by SIGPIPE, when its reader exits', () => {
    const { stdout, stderr } = shell('latchkey completion zsh | :; echo $PIPESTATUS');
    expect([stdout, stderr]).toEqual(['141\n', '']);
  });

  it('reports that its output cannot be written', () => {
    const { status, stderr } = shell('latchkey version > /dev/full');
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^latchkey: standard output .*ENOSPC.*\n$/)]);
  });
});
