import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cgroupRoot } from './own-cgroup.ts';

const ENTRY = join(import.meta.dirname, '../../../test/support/link/cgroup-program.ts');
/** Moves itself to the cgroup of the next argument, and executes the rest. */
const MOVED = ['-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"'];

const root = (await cgroupRoot()) ?? '';
const controller = 'hugetlb'; // one that hosts with version 1 beside version 2 seldom use
let top: string;
let children: ChildProcess[];

function missing(): string | undefined {
  try {
    accessSync(join(root, 'cgroup.procs'), constants.W_OK);
    return undefined;
  } catch {
    return 'needs cgroups of version 2 that may be written to';
  }
}

function missingController(): string | undefined {
  const there = missing() ?? readFileSync(join(root, 'cgroup.controllers'), 'utf8');
  return there.includes(controller) ? undefined : `needs the controller ${controller} in version 2`;
}

const control = (folder: string): string =>
  readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').trim();

/** Runs `command` in the cgroup `folder`. */
function inside(folder: string, command: readonly string[]): ChildProcess {
  const child = spawn('sh', [...MOVED, folder, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** A daemon's process in `top`, with its tree; and the lines it has printed. */
async function daemon(): Promise<{ child: ChildProcess; lines: string[] }> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ENTRY, controller];
  const child = inside(top, node);
  let said = '';
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    if (/^(open|none)$/m.test(said)) break;
  }
  return { child, lines: said.trim().split('\n') };
}

const isCgroup = (path: string): boolean => existsSync(join(path, 'cgroup.procs'));

/** Returns the cgroup of the link that a daemon has made. */
const linkIn = ([joinFile = '']: readonly string[]): string => dirname(dirname(joinFile));

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

function removeAll(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeAll(join(folder, entry.name));
  rmdirSync(folder);
}

describe("the daemon's cgroups", () => {
  beforeEach((context) => {
    const lacks = missing();
    if (lacks) context.skip(lacks);
    children = [];
    top = join(root, `latchkey-unit-${process.pid}-${Date.now()}`);
    mkdirSync(top);
  });
  afterEach(async () => {
    if (missing()) return;
    writeFileSync(join(top, 'cgroup.kill'), '1');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    await expect.poll(() => readFileSync(join(top, 'cgroup.events'), 'utf8')).toMatch(/^populated 0$/m);
    removeAll(top);
  });

  test('are created in a cgroup that is delegated to it, and the daemon moves into one of them', async () => {
    const { child, lines } = await daemon();
    expect(lines).toEqual([expect.stringMatching(/\/link-7001-[0-9a-f]{16}\/self\/cgroup\.procs$/), 'open']);
    expect(readFileSync(join(top, 'daemon/cgroup.procs'), 'utf8')).toContain(`${child.pid}\n`);
    expect(readFileSync(join(top, 'cgroup.procs'), 'utf8')).toBe('');
  });

  test('are not created in a cgroup with other processes', async () => {
    inside(top, ['sleep', '60']);
    await expect.poll(() => readFileSync(join(top, 'cgroup.procs'), 'utf8')).not.toBe('');
    expect((await daemon()).lines).toEqual(['none']);
  });

  test.for(['SIGTERM', 'SIGKILL'] as const)(
    'accept the next daemon after %s, although a link with limits is left there',
    async (signal, context) => {
      const lacks = missingController();
      if (lacks) context.skip(lacks);
      const before = control(root);
      writeFileSync(join(root, 'cgroup.subtree_control'), `+${controller}`);
      try {
        const { child, lines } = await daemon();
        expect([top, linkIn(lines)].map(control)).toEqual([controller, controller]);
        inside(dirname(lines[0] ?? ''), ['sleep', '60']);
        await expect.poll(() => readFileSync(lines[0] ?? '', 'utf8')).not.toBe('');
        expect(() => writeFileSync(join(top, 'cgroup.procs'), `${process.pid}`)).toThrow(/EBUSY/);
        await end(child, signal);
        await expect.poll(() => control(top)).toBe('');
        expect((await daemon()).lines).toContain('open');
        expect([top, linkIn(lines)].map(control)).toEqual([controller, controller]);
        expect(readFileSync(lines[0] ?? '', 'utf8')).not.toBe('');
      } finally {
        writeFileSync(join(top, 'cgroup.kill'), '1');
        const below = readdirSync(top).map((name) => join(top, name));
        for (const folder of [...below.filter(isCgroup), top, root])
          if (!before.includes(controller))
            writeFileSync(join(folder, 'cgroup.subtree_control'), `-${controller}`);
      }
    },
  );
});
