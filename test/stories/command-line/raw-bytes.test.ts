/** Arguments, variables and file names that are not UTF-8: they arrive as they are, or nothing is done. */
import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alice, type Finished, runAs } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const folder = join(alice.home, 'files');
const RIGHT = Buffer.from('a\xe9', 'latin1');
/** The right name as a program reads it that takes it for text. */
const WRONG = Buffer.from('a\ufffd');

let daemon: TestDaemon;

/** Runs a script of bash as alice, in which `lk` is the command line. */
function bash(script: string): Promise<Finished> {
  const lk = `lk() { ${program()} --run ${daemon.runFolder} "$@"; }`;
  return runAs(alice, ['bash', '-c', `cd ${folder}; ${lk}\n${script}`]).finished;
}

const left = (): string[] => readdirSync(Buffer.from(folder), 'latin1').toSorted();

describe('what is not UTF-8', needs('world', 'bash'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const path = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${folder}/`), name]);
    for (const name of [RIGHT, WRONG]) writeFileSync(path(name), '');
    mkdirSync(path(Buffer.from('d\xe9', 'latin1')));
    chownSync(folder, alice.uid, alice.uid);
  });

  const both = [RIGHT, WRONG, Buffer.from('d\xe9', 'latin1')]
    .map((name) => name.toString('latin1'))
    .toSorted();
  const onlyWrong = both.filter((name) => name !== RIGHT.toString('latin1'));
  const onlyRight = both.filter((name) => name !== WRONG.toString('latin1'));

  test.each([
    ['', ''],
    [' also when the program has to restart itself', 'export SSL_CERT_FILE=/dev/null NODE_ENV=production;'],
    [' also with another such variable', "export NODE_ENV=x OTHER=$'\\xe9';"],
  ])('in an argument names the right file%s', async (_when, before) => {
    expect(await bash(`${before} lk start -- rm "$PWD/"$'a\\xe9'`)).toMatchObject({ status: 0, stderr: '' });
    expect(left()).toEqual(onlyWrong);
  });

  test('is told apart from a name that has U+FFFD in it', async () => {
    expect(await bash(`lk start -- rm "$PWD/"$'a\\xef\\xbf\\xbd'`)).toMatchObject({ status: 0, stderr: '' });
    expect(left()).toEqual(onlyRight);
  });

  test('arrives whole: every byte that an argument or a variable can have', async () => {
    const all = Array.from({ length: 255 }, (_, at) => (at + 1).toString(16).padStart(2, '0'));
    const text = all.map((byte) => `\\x${byte}`).join('');
    const show = `sh -c 'printf %s "$1$X" | od -An -v -tx1' sh $'${text}'`;
    const said = await bash(`lk start --env X=$'${text}' -- ${show}`);
    expect(said.stdout.trim().split(/\s+/)).toEqual([...all, ...all]);
  });

  test('in --dir is the folder to start in, also in the list of sessions', async () => {
    const said = await bash(`lk start --dir "$PWD/"$'d\\xe9' -- sh -c 'pwd | od -An -c | tail -1'`);
    expect(said).toMatchObject({ status: 0, stdout: expect.stringMatching(/d 351 {2}\\n/) });
    const [session] = await daemon.as(alice).sessions();
    expect(session?.directory).toBe(`${folder}/d\udce9`);
  });

  test('is shown as one would type it', async () => {
    const id = (await bash(`lk start --detach -- true "it's" $'a\\xe9\\\\b'`)).stdout.trim();
    const shown = await bash(`lk sessions show ${id}`);
    expect(shown.stdout).toContain(String.raw`true 'it'\''s' $'a\xe9\\b'`);
  });

  test.each(['--token-file', '--config', '--ca', '--run', '--server'])(
    'in %s of start is refused, and nothing is started',
    async (option) => {
      const said = await bash(`lk start ${option} $'x\\xe9' -- rm "$PWD/"$'a\\xe9' a*`);
      expect(said).toMatchObject({ status: 255, stderr: expect.stringContaining('is not UTF-8') });
      expect(left()).toEqual(both);
    },
  );

  test.each([
    ['LATCHKEY_TOKEN_FILE=x$RAW lk start -- rm a*', 255],
    ['HOME=/tmp/$RAW lk start -- rm a*', 255],
    ['XDG_CONFIG_HOME=/tmp/$RAW lk attach s1', 255],
    ['LATCHKEY_CA=/tmp/$RAW lk tokens', 2],
    [`lk start --stdin-json '{"a":"'$RAW'"}' -- rm a*`, 255],
    ['lk tokens --login $RAW', 2],
    ['lk tokens revoke $RAW', 2],
    ['lk login $RAW@', 2],
    ['lk sessions end $RAW', 2],
    ['lk attach $RAW', 255],
    ['lk doctor --config $RAW', 2],
    ['lk link --run $RAW', 2],
    ['lk tui --token-file $RAW', 2],
    ['lk serve --config $RAW', 2],
  ])('elsewhere is refused: %s', async (line, status) => {
    const said = await bash(`RAW=$'\\xe9'; ${line}`);
    expect(said).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(/is not UTF-8/i) });
    expect(left()).toEqual(both);
  });
});
