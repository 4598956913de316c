import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { becomeOlder, ignorePreviews } from '../../../test/support/server/older-server.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { capture } from '../../../test/support/terminal/memory-io.ts';

let api: ServedApi;
beforeAll(async () => {
  api = await ServedApi.start();
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => api[Symbol.asyncDispose]());

/** Previews the end of a new token; resolves with what was printed, and whether the token is still active. */
async function preview(...words: string[]) {
  const { token, claims } = await api.authority.mint({ login: 'alice', authMethod: 'link' });
  const env = { HOME: api.folder, LATCHKEY_CA: join(api.folder, 'pki', 'ca.pem'), LATCHKEY_TOKEN: token };
  const argv = ['tokens', 'revoke', claims.jti, '--dry-run', '--server', api.address, ...words];
  return { ...(await capture(argv, { env })), jti: claims.jti, active: api.authority.isActive(claims.jti) };
}

describe('--dry-run (X1)', () => {
  it('prints what would end, and programs can tell it from a receipt', async () => {
    const printed = await preview();
    expect(printed).toMatchObject({ status: 0, stderr: '', active: true });
    expect(printed.stdout).toBe(
      `Would keep running: no session and no link.\nWould end 1 token.\n  token    ${printed.jti}\n`,
    );
    const { stdout } = await preview('--json');
    expect(JSON.parse(stdout)).toMatchObject({ receipt: { processes: 0, validateOnly: true } });
  });

  it('ends nothing on a server of an older version, and says what to do', async () => {
    becomeOlder();
    expect(await preview()).toMatchObject({
      status: 6,
      stdout: '',
      stderr:
        `latchkey: the server at ${api.address} runs Latchkey 0, which does not support previews; ` +
        'nothing has ended; update the server, or continue without a preview\n',
      active: true,
    });
    expect(await preview('--json')).toMatchObject({ status: 6, stdout: '', active: true });
  });

  it('says so when the server has ended things for all the same', async () => {
    ignorePreviews();
    const { status, stdout, stderr, active } = await preview();
    expect({ status, stdout, active }).toEqual({ status: 1, stdout: '', active: false });
    expect(stderr).toContain('it has ended things (tokens: 1, links: 0, sessions: 0)');
  });
});
