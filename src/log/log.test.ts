import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Secret } from '../config/settings/secret.ts';
import { AppError } from '../errors.ts';
import { createLog, descriptorTarget, type LogSettings } from './log.ts';

function logged(
  settings: Partial<LogSettings>,
  work: (log: ReturnType<typeof createLog>) => void,
  isTTY = false,
) {
  const lines: string[] = [];
  const target = { write: (line: string) => void lines.push(line), isTTY };
  work(createLog({ level: 'info', format: 'auto', ...settings }, target));
  return lines.join('');
}

/** A well-formed JWT of an unknown key. */
function someToken(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part({ sub: 'alice' })}`;
  return `${text}.${sign(null, Buffer.from(text), generateKeyPairSync('ed25519').privateKey).toString('base64url')}`;
}

describe('the log', () => {
  test('consists of JSON lines, or of readable lines on a terminal', () => {
    const json = JSON.parse(logged({}, (log) => log.info({ login: 'alice' }, 'a login')));
    expect(json).toMatchObject({ level: 'info', login: 'alice', msg: 'a login' });
    expect(Date.parse(json.time)).toBeGreaterThan(0);
    const human = logged({}, (log) => log.warn({ login: 'al ice', n: 3 }, 'a login'), true);
    expect(human).toMatch(/^\d{4}-\S+Z WARN {2}a login login=al ice n=3\n$/);
    expect(logged({ format: 'json' }, (log) => log.info('x'), true)).toMatch(/^\{/);
  });

  test('omits lines below its level', () => {
    expect(logged({ level: 'warn' }, (log) => log.info('x'))).toBe('');
    expect(logged({ level: 'silent' }, (log) => log.fatal('x'))).toBe('');
  });

  test.each(['json', 'human'] as const)('as %s never contains a token or a secret', (format) => {
    const token = someToken();
    const all = logged({ format }, (log) => {
      log.info({ token, nested: { token }, list: [token], secret: new Secret('hunter2') }, `got ${token}`);
      log.error(
        { err: new AppError('TOKEN_INVALID', `bad ${token}`, { cause: new Error(token) }) },
        'refused',
      );
      log.info({ request: { authorization: `Bearer ${token}`, password: 'hunter2' } });
    });
    for (const part of [...token.split('.'), 'hunter2']) expect(all).not.toContain(part);
    expect(all).toContain('refused');
  });

  test.each(['token', 'authorization', 'secret', 'password', 'cookie', 'initKey', 'privateKey', 'master'])(
    'never contains the value of %s, whoever logs it',
    (name) => {
      const all = logged({}, (log) => {
        log.info({ [name]: 'hunter2', login: 'alice' }, 'one');
        log.info({ request: { [name]: 'hunter2', login: 'alice' } }, 'two');
        log.info({ request: { headers: { [name]: 'hunter2', login: 'alice' } } }, 'three');
        log.error({ err: Object.assign(new Error('why'), { [name]: 'hunter2' }) }, 'four');
      });
      expect(all).not.toContain('hunter2');
      expect(all.split('"alice"')).toHaveLength(4);
    },
  );

  test('contains nothing of a token that has lost its end', () => {
    const [header = '', payload = '', signature = ''] = someToken().split('.');
    const cut = [`${header}.${payload}`, `${header}.${payload}.`, `${header}.${payload}.${signature[0]}`];
    const all = logged({}, (log) => log.info({ why: cut.join(' ') }, `got ${cut.join(' ')}`));
    for (const part of [header, payload]) expect(all).not.toContain(part);
  });

  test.each([
    ['its disk is full', 'exec "$@" 2>/dev/full'],
    ['nobody reads it any more', 'exec 3>&1; "$@" 2>&1 >&3 | true'],
  ])('goes on when %s', (_, shell) => {
    const script = `import { createLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))};
      const log = createLog({ level: 'info', format: 'json' });
      for (let line = 0; line < 10; line += 1) {
        log.warn({}, 'lost');
        await new Promise(setImmediate);
      }
      process.stdout.write('the end');`;
    const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', `${script}`];
    const printed = execFileSync('/bin/sh', ['-c', shell, 'sh', process.execPath, ...argv]);
    expect(String(printed)).toBe('the end');
  });

  test.each(['json', 'human'] as const)('as %s escapes foreign text and keeps it on one line', (format) => {
    const foreign = 'x\n\u001b[31m\u0007\u009b1m\u202e\u2028\u007f\ufeff"';
    const all = logged({ format }, (log) => log.info({ [foreign]: foreign, user: foreign }, foreign));
    expect(all).toMatch(/^[\x20-\x7e]+\n$/);
    expect(all).toContain('\\u202e');
    if (format === 'json') expect(JSON.parse(all).user).toBe(foreign);
  });

  test('keeps the cause of an error', () => {
    const cause = new Error('the disk is gone');
    const all = logged({}, (log) =>
      log.error({ err: new AppError('STORE_UNAVAILABLE', 'no store', { cause }) }),
    );
    expect(JSON.parse(all).err).toMatchObject({ reason: 'STORE_UNAVAILABLE', message: 'no store' });
    expect(all).toContain('the disk is gone');
  });

  test('writes a warning at once, with all lines before it, and other lines by the end of the turn', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'));
    const file = join(folder, 'log');
    const fd = openSync(file, 'a');
    const words = (): string[] =>
      [...readFileSync(file, 'utf8').matchAll(/"msg":"(\w+)"/g)].map(([, word = '']) => word);
    const log = createLog({ level: 'info', format: 'json' }, descriptorTarget(fd));
    log.info('one');
    log.warn('two');
    expect(words()).toEqual(['one', 'two']);
    log.info('three');
    await nextTurn();
    expect(words()).toEqual(['one', 'two', 'three']);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  test('loses nothing when the process exits', () => {
    const script = `import { createLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))};
      createLog({ level: 'info', format: 'json' }).info('the last');
      process.exit(0);`;
    const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', `${script}`];
    const stderr = execFileSync('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, ...argv]);
    expect(String(stderr)).toContain('the last');
  });
});
