/** Hostile names, commands and messages on a real terminal: they can be read, and have no effect. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../../src/client/connect/connect.ts';
import { inert } from '../../../src/inert.ts';
import { displayWidth } from '../../../src/terminal/display-width.ts';
import { layTable } from '../../../src/terminal/table.ts';
import { type Account, alice, root } from '../../support/account.ts';
import { clientOf, started } from '../../support/clients/without-command-line.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { HARMFUL, HOSTILE } from '../../support/terminal/hostile-text.ts';
import { Screen } from '../../support/terminal/screen.ts';

let daemon: TestDaemon;
let client: Client;
let session: string;

/** Returns what the log says of programs that do not exist. */
function notFound(): string[] {
  return daemon.wholeLog.match(/"why":".*: no such program/g) ?? [];
}

describe('untrusted text', needs('world', 'tmux'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
    client = await clientOf(daemon, daemon.storedToken(alice));
    for (const text of Object.values(HOSTILE))
      session = await started(client, 'sh', '-c', 'exec sleep 600', text);
  });
  afterAll(async () => {
    await client?.close();
    await daemon?.[Symbol.asyncDispose]();
  });

  test.for([40, 60, 80, 200])(
    'has no effect on a terminal of %i columns, and wraps no line',
    async (columns) => {
      using screen = new Screen(root, { columns, rows: 200 });
      const run = `--run ${daemon.runFolder}`;
      const all = ['', 'tokens', 'links', 'sessions', `sessions show ${session}`, 'whoami'];
      screen.enter(
        `for v in ${all.map((words) => `"${words}"`).join(' ')}; do clear; ${program()} ${run} $v; echo; n=$((n + 1)); echo "end of $n"; read x; done`,
      );
      for (const [at] of all.entries()) {
        const { text } = await screen.shows(new RegExp(`^end of ${at + 1}$`));
        expect(text).not.toMatch(HARMFUL);
        expect(screen.breaks).toEqual([]);
        screen.press('Enter');
      }
      expect(screen.windowTitle).not.toContain('owned');
      expect(screen.clipboard).toBe('');
    },
  );

  test('is complete and escaped in a pipe, in JSON and in a watch', async () => {
    for (const argv of [['sessions'], ['sessions', '--json'], ['sessions', 'show', session]]) {
      const { stdout, stderr } = await daemon.cli(root, argv);
      expect(stdout + stderr).not.toMatch(HARMFUL);
      expect(stdout).toMatch(/x{600,}…/); // the part of a command that the server keeps
    }
    const sessions = await daemon.as(root).sessions();
    const { long: _, ...whole } = HOSTILE;
    const words = sessions.map(({ command }) => command[3] ?? '');
    expect(words.filter((word) => !/^x{600,}…$/.test(word)).toSorted()).toEqual(
      Object.values(whole).toSorted(),
    );
    expect(words).toHaveLength(Object.values(HOSTILE).length);
    const watch = daemon.begin(root, ['sessions', '--watch']);
    await watch.printed(/exec sleep.*\n$/);
    await daemon.cli(alice, ['start', '--', 'true', ...Object.values(HOSTILE)]);
    await watch.printed(/there.*owned/);
    expect(watch.stdout).not.toMatch(HARMFUL);
    watch.kill();
  });

  const wrong: readonly { who: Account; argv: readonly string[] }[] = [
    { who: root, argv: ['tokens', 'show'] },
    { who: root, argv: ['links', 'stop'] },
    { who: root, argv: ['attach'] },
    { who: root, argv: ['login', '--method'] },
    { who: root, argv: ['sessions', '--sort'] },
    { who: alice, argv: ['link'] },
    { who: alice, argv: ['start', '--'] },
  ];
  test.each(Object.entries(HOSTILE))('is escaped in messages: %s', async (_, text) => {
    const runs = await Promise.all(wrong.map(({ who, argv }) => daemon.cli(who, [...argv, text])));
    for (const { stdout, stderr } of runs) {
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^latchkey(?: link)?: [^\n]+\n$/);
      expect(stderr).not.toMatch(HARMFUL);
    }
  });

  test('is escaped in the log', async () => {
    const before = notFound().length;
    for (const text of Object.values(HOSTILE))
      await expect(started(client, text)).rejects.toMatchObject({ reason: 'START_FAILED' });
    await daemon.end(); // the log is complete now; one of the names was too long to look for
    expect(notFound().slice(before)).toHaveLength(Object.keys(HOSTILE).length - 1);
    expect(HARMFUL.exec(daemon.wholeLog)).toBeNull();
  });

  test('is aligned in a table as a real terminal measures it', async () => {
    const cells = Object.values(HOSTILE).map((text) => [{ text: inert(text) }, { text: 'Z' }]);
    const lines = layTable([{ title: 'TEXT', shrinks: true }, { title: 'Z' }], cells, 80, (text) => text);
    const at = displayWidth(lines[0]?.replace(/Z$/, '') ?? '');
    // Each line's Z is overwritten by an X at its expected column.
    const file = join(alice.home, 'table');
    writeFileSync(file, lines.map((line) => `${line}\u001b[${at + 1}GX\n`).join(''));
    using screen = new Screen(alice, { rows: 60 });
    screen.enter(`clear; cat ${file}; echo end`);
    const shown = (await screen.shows(/^end$/)).lines.slice(0, lines.length);
    expect(shown.filter((line) => !/ {2}X$/.test(line))).toEqual([]);
  });
});
