/** Tokens made from within a session: children of the token of that session, which end with it (DESIGN 6). */
import { chownSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Account, alice, mallory, type Run, root } from '../../support/account.ts';
import { OpenCaller } from '../../support/clients/open-caller.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import type { Token } from '../../support/server/caller.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;
let administrator: OpenCaller;
let link: Run;
/** Folder of alice, for tokens. */
let folder: string;
let made = 0;

beforeAll(async () => {
  daemon = await TestDaemon.start({ config: { tokens: { lifetimes: { link: '1h' } } } });
  administrator = await OpenCaller.open(daemon);
  folder = mkdtempSync('/mnt/tokens-');
  chownSync(folder, alice.uid, alice.uid);
});
afterAll(async () => {
  await administrator?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await administrator.revoke({ login: 'alice' }, { endSessions: true }).catch(() => {});
  link = await daemon.link(alice);
});

/** A token by its file, for --token-file, with its claims. */
interface Made {
  readonly file: string;
  readonly token: Token;
}

/** Runs `script` in a session, in which "$link" starts a link that prints its token to "$file". */
async function inSession(script: string, parent?: Made, account: Account = alice) {
  made += 1;
  const file = join(folder, `${made}`);
  const variables = [`link=${program()} link --run ${daemon.runFolder} --print-token`, `file=${file}`];
  const by = parent === undefined ? [] : ['--token-file', parent.file];
  const argv = ['start', '--detach', ...by, ...variables.flatMap((text) => ['--env', text])];
  const { stdout, stderr } = await daemon.cli(account, [...argv, '--', 'sh', '-c', script]);
  expect(stderr).toBe('');
  return { id: stdout.trim(), file };
}

/** Asks the server about a token: that in a file, or by default the one that the account has stored. */
async function tokenOf(account: Account, file?: string, server = daemon): Promise<Token> {
  const text = file === undefined ? server.storedToken(account) : readFileSync(file, 'utf8').trim();
  await using caller = await OpenCaller.open(server, text);
  return await caller.token(); // before the connection closes
}

/** Starts a link within a session, by `script`; returns its token. */
async function child(script = '$link >$file', parent?: Made): Promise<Made> {
  const { file } = await inSession(script, parent);
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8'), { timeout: 20_000 }).toMatch(/\n$/);
  return { file, token: await tokenOf(alice, file) };
}

/** Returns the error of a call with a token. */
async function errorOf({ file }: Made): Promise<string> {
  return (await daemon.cli(alice, ['whoami', '--token-file', file])).stderr;
}

describe('a link that is started within a session', needs('world'), () => {
  test("has a child of the session's token, over generations, which all end with it and are in the receipt", async () => {
    const parent = await tokenOf(alice);
    const first = await child();
    const second = await child('$link >$file', first);
    expect([first.token.parentJti, second.token.parentJti]).toEqual([parent.jti, first.token.jti]);
    for (const { token } of [first, second])
      expect(Date.parse(token.expiresAt ?? '')).toBeLessThanOrEqual(Date.parse(parent.expiresAt ?? ''));
    const all = [parent.jti, first.token.jti, second.token.jti].toSorted();
    const preview = await daemon.as(root).revoke(parent.jti, '--dry-run', '--local-admin');
    expect(preview.jtis.toSorted()).toEqual(all);
    const receipt = await administrator.revoke({ ids: [parent.jti] });
    expect(receipt.jtis.toSorted()).toEqual(all);
    expect(receipt.links.toSorted()).toEqual(
      [parent.socket, first.token.socket, second.token.socket].toSorted(),
    );
    for (const made of [first, second]) expect(await errorOf(made)).toMatch(/the token is not active/);
    await link.finished;
  });

  test('ends alone when only its own token does, with its own children', async () => {
    const first = await child();
    const second = await child('$link >$file', first);
    const receipt = await daemon.as(alice).logout('--token-file', first.file);
    expect(receipt.jtis.toSorted()).toEqual([first.token.jti, second.token.jti].toSorted());
    expect(await errorOf(second)).toMatch(/the token is not active/);
    expect(await daemon.cli(alice, ['start', '--', 'echo', 'still'])).toMatchObject({ stdout: 'still\n' });
  });

  test.each([
    ['no mark in its environment', 'env -u LATCHKEY_SESSION_ID $link >$file'],
    ['no environment at all', 'env -i $link >$file'],
    ['a false mark in its environment', 'LATCHKEY_SESSION_ID=s00000000000000000000 $link >$file'],
    ['a parent that is gone, and a process session of its own', '(env -i setsid $link >$file &); sleep 600'],
  ])('is its child with %s', async (_, script) => {
    const { jti } = await tokenOf(alice);
    expect((await child(script)).token.parentJti).toBe(jti);
  });

  test('is its child by the session, whatever other session of its user its environment names', async () => {
    const { jti } = await tokenOf(alice);
    const first = await child();
    const other = await inSession('sleep 600', first);
    const forged = await child(`LATCHKEY_SESSION_ID=${other.id} $link >$file`);
    expect(forged.token.parentJti).toBe(jti);
  });

  test('is refused once the token of its session has ended, and the session goes on', async () => {
    const { jti } = await tokenOf(alice);
    const gate = join(folder, `gate-${made}`);
    const { id, file } = await inSession(
      `mkfifo ${gate}; read line <${gate}; $link >$file 2>$file.error; echo $? >>$file.error; sleep 600`,
    );
    await expect.poll(() => existsSync(gate)).toBe(true);
    const receipt = await administrator.revoke({ ids: [jti] });
    expect(receipt.keptSessions).toEqual([id]);
    await daemon.cli(alice, ['link', '--daemon']); // which takes over the session
    writeFileSync(gate, 'go\n');
    await expect
      .poll(() => existsSync(`${file}.error`) && readFileSync(`${file}.error`, 'utf8'), { timeout: 20_000 })
      .toMatch(/the login that started this session has ended, so it cannot start a link.*\n[1-9]\d*\n$/s);
    expect(readFileSync(file, 'utf8')).toBe('');
    await administrator.endSessions({ ids: [id] }, 0);
  });

  test('expires with it', async () => {
    await using quick = await TestDaemon.start({ config: { tokens: { lifetimes: { link: '8s' } } } });
    const parent = await quick.link(alice);
    const at = await tokenOf(alice, undefined, quick);
    const file = join(folder, 'quick');
    const script = `${program()} link --run ${quick.runFolder} --print-token >${file}`;
    await quick.cli(alice, ['start', '--detach', '--', 'sh', '-c', script]);
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toMatch(/\n$/);
    const token = await tokenOf(alice, file, quick);
    expect([token.parentJti, token.expiresAt]).toEqual([at.jti, at.expiresAt]);
    await parent.finished;
    const finding = (): Promise<string> => tokenOf(alice, file, quick).then(() => 'it is active', String);
    await expect.poll(finding, { timeout: 20_000 }).toMatch(/expired|not active/);
    await using manager = await OpenCaller.open(quick);
    await expect.poll(() => manager.links()).toEqual([]);
  });
});

describe('a link that is started outside of sessions', needs('world'), () => {
  test("is no child of another user's session, whatever its environment names", async () => {
    const { id } = await inSession('sleep 600');
    const forged = daemon.begin(mallory, ['link'], { env: { LATCHKEY_SESSION_ID: id } });
    await forged.printed(/ is logged in at /, 'stderr');
    const token = await tokenOf(mallory);
    expect(token.parentJti).toBeNull();
    await administrator.revoke({ login: 'alice' }, { endSessions: true });
    expect((await tokenOf(mallory)).jti).toBe(token.jti);
    forged.kill();
  });
});
