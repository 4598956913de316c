import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isClockSynchronised } from './clock.ts';
import { loadFfi } from './libc.ts';
import { peerCredentials, peerGroups } from './peer-credentials.ts';
import { makePipe, punchHole, splice } from './pipe.ts';
import { flock, reap } from './process.ts';
import { watchReadable } from './readable.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-native-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the clock', () => {
  it('is synchronised exactly when ntp_gettime(3) says so', () => {
    const TIME_ERROR = 5;
    const { functions } = loadFfi().dlopen(null, { ntp_gettime: { arguments: ['buffer'], return: 'int32' } });
    expect(isClockSynchronised()).toBe(functions.ntp_gettime(Buffer.alloc(256)) !== TIME_ERROR);
  });
});

describe('peer credentials', () => {
  it('are those of the process that connected', async () => {
    const server = createServer().listen(join(folder, 's'));
    await once(server, 'listening');
    const client = connect(join(folder, 's'));
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const own = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
    expect(peerCredentials(accepted)).toEqual(own);
    expect(peerCredentials(client)).toEqual(own);
    client.destroy();
    accepted.destroy();
    expect(() => peerCredentials(client)).toThrow('closed');
    server.close();
  });

  it('include the groups of the process that listened', async () => {
    const server = createServer().listen(join(folder, 's'));
    await once(server, 'listening');
    const client = connect(join(folder, 's'));
    await once(client, 'connect');
    const all = new Set([peerCredentials(client).gid, ...peerGroups(client)]);
    expect(all).toEqual(new Set(process.getgroups?.()));
    client.destroy();
    expect(() => peerGroups(client)).toThrow('closed');
    server.close();
  });

  it('include its groups when it has very many', async (ctx) => {
    if (process.getuid?.() !== 0) ctx.skip('needs root, to give a process other groups');
    const path = join(folder, 's');
    const groups = Array.from({ length: 1000 }, (_, at) => 70_000 + at);
    const script = `require('net').createServer().listen('${path}', () => console.log())`;
    const listener = spawn('setpriv', ['--groups', `${groups}`, '--', process.execPath, '-e', script]);
    await once(listener.stdout, 'data');
    const client = connect(path);
    await once(client, 'connect');
    expect(peerGroups(client)).toEqual(groups);
    client.destroy();
    listener.kill();
  });

  it('throw for a socket that has none', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as { port: number }).port, '127.0.0.1');
    await once(client, 'connect');
    expect(() => peerCredentials(client)).toThrow('getsockopt');
    client.destroy();
    server.close();
  });
});

describe('splice', () => {
  it('moves the available bytes, and reports an empty pipe and its end', () => {
    const pipe = makePipe();
    const file = openSync(join(folder, 'f'), 'w+');
    expect(splice(pipe.read, file, 0, 1 << 20)).toBe('empty');
    writeSync(pipe.write, 'hello');
    expect(splice(pipe.read, file, 3, 1 << 20)).toBe(5);
    writeSync(pipe.write, 'world');
    expect(splice(pipe.read, file, 8, 2)).toBe(2);
    expect(splice(pipe.read, file, 10, 99)).toBe(3);
    closeSync(pipe.write);
    expect(splice(pipe.read, file, 13, 99)).toBe('end');
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('\0\0\0helloworld');
    closeSync(pipe.read);
    closeSync(file);
  });

  it('throws the error code and leaves the bytes in the pipe', () => {
    const pipe = makePipe();
    writeSync(pipe.write, 'kept');
    const file = openSync(join(folder, 'f'), 'w');
    const unwritable = openSync(join(folder, 'f'), 'r');
    expect(() => splice(pipe.read, unwritable, 0, 99)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(splice(pipe.read, file, 0, 99)).toBe(4);
    for (const fd of [pipe.read, pipe.write, unwritable, file]) closeSync(fd);
  });
});

describe('punching a hole', () => {
  it('frees the space and keeps the size of the file', () => {
    const file = openSync(join(folder, 'f'), 'w+');
    writeSync(file, Buffer.alloc(1 << 20, 1));
    punchHole(file, 0, 1 << 19);
    const { size, blocks } = fstatSync(file);
    expect([size, blocks]).toEqual([1 << 20, (1 << 19) / 512]);
    closeSync(file);
  });
});

describe('watching a pipe', () => {
  it('reports bytes without consuming them, pauses, and reports the end', async () => {
    const pipe = makePipe();
    const file = openSync(join(folder, 'f'), 'w+');
    const moved: (number | string)[] = [];
    const watch = await new Promise<{ resume(): void }>((resolve) => {
      const watched = watchReadable(
        pipe.read,
        () => {
          const result = splice(pipe.read, file, 0, 3);
          moved.push(result);
          if (moved.length === 1) setImmediate(() => resolve(watched));
          if (result === 'end') closeSync(file);
          return result === 'end' ? 'end' : moved.length === 1 ? 'pause' : 'more';
        },
        { ref: true },
      );
      writeSync(pipe.write, 'abcdef');
    });
    expect(moved).toEqual([3]);
    closeSync(pipe.write);
    watch.resume();
    await expect.poll(() => moved).toEqual([3, 3, 'end']);
  });
});

describe('processes', () => {
  it('are reaped only by their pid', () => {
    expect(() => reap(-1)).toThrow('one process');
    expect(reap(1)).toBe(false);
  });

  it('hold locks that exclude others', async () => {
    const path = join(folder, 'lock');
    const one = openSync(path, 'w');
    const two = openSync(path, 'w');
    expect([flock(one), flock(two), flock(one)]).toEqual([true, false, true]);
    closeSync(one);
    expect(flock(two)).toBe(true);
    closeSync(two);
    expect(() => flock(99_999)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  it('can become subreapers and undumpable', async () => {
    const script = `
      import { becomeSubreaper, reap, setDumpable } from '${import.meta.dirname}/process.ts';
      import { execFileSync } from 'node:child_process';
      import { readFileSync, statSync } from 'node:fs';
      becomeSubreaper(); setDumpable(false);
      const orphan = Number(execFileSync('/bin/sh', ['-c', 'sleep 0.05 >&2 & echo $!']).toString());
      const parent = readFileSync('/proc/' + orphan + '/stat', 'utf8').split(') ')[1].split(' ')[1];
      while (!reap(orphan)) await new Promise((resolve) => setTimeout(resolve, 5));
      console.log(Number(parent) === process.pid, statSync('/proc/self/environ').uid);
    `;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: 'pipe',
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      output += String(chunk);
    });
    await once(child, 'close');
    expect(output).toBe('true 0\n');
    expect(execFileSync('/bin/true').length).toBe(0);
  });
});
