import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import {
  type CallInternals,
  checkInternals,
  GRPC_JS_VERSION,
  http2ServersOf,
  internalsOf,
} from './grpc-js-internals.ts';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '../../..');

type Member = keyof CallInternals;
const MEMBERS: readonly Member[] = ['stream', 'decoder', 'incomingEncoding', 'maxReceiveMessageSize'];
/** Members without which grpc-js itself cannot make a call. */
const VITAL: readonly Member[] = ['stream'];

const versionIn = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8')).version;

/** Takes `member` from grpc-js's calls until the test is over. */
function without(member: Member): void {
  const { BaseServerInterceptingCall } = require('@grpc/grpc-js/build/src/server-interceptors.js');
  const { prototype } = BaseServerInterceptingCall as { prototype: object };
  Object.defineProperty(prototype, member, { configurable: true, get: () => undefined, set: () => {} });
  onTestFinished(() => void Reflect.deleteProperty(prototype, member));
}

describe('the private members of grpc-js', () => {
  it('belong to the version that package.json names and that is installed', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(dependencies['@grpc/grpc-js']).toBe(GRPC_JS_VERSION);
    expect(versionIn(require.resolve('@grpc/grpc-js/package.json'))).toBe(GRPC_JS_VERSION);
  });

  it('all exist', async () => {
    await checkInternals();
  });

  it.each(MEMBERS)('are refused without the %s of a call', (member) => {
    const call = {
      stream: { respond: () => {} },
      decoder: { write: () => [] },
      incomingEncoding: 'identity',
      maxReceiveMessageSize: 1,
      [member]: undefined,
    };
    const looked = (): unknown => internalsOf(call as unknown as ServerInterceptingCallInterface);
    expect(looked).toThrow(`this program needs grpc-js ${GRPC_JS_VERSION}; its copy lacks`);
    expect(looked).toThrow(`the ${member} of a call`);
  });

  it('are refused without the HTTP/2 servers of a server', () => {
    expect(() => http2ServersOf(new Server())).toThrow('its copy lacks the http2Servers of a server');
    expect(() => http2ServersOf({} as Server)).toThrow('its copy lacks the http2Servers of a server');
  });

  it.each(MEMBERS.filter((member) => !VITAL.includes(member)))(
    'keep the server from starting without %s',
    async (member) => {
      without(member);
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-api-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      await expect(ServedApi.start({ folder })).rejects.toThrow(`its copy lacks the ${member} of a call`);
    },
  );
});
