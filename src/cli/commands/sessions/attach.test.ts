import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { ServedApi } from '../../../../test/support/server/served-api.ts';
import { Memory } from '../../../../test/support/terminal/memory-io.ts';
import { runCli } from '../../main.ts';

const SESSION = {
  id: 's1',
  login: 'alice',
  linuxUser: 'alice',
  command: ['sleep', '60'],
  directory: '',
  state: 'running',
  startedAtMs: 0,
  jti: 'j',
  socket: '7001.0.sock',
  attached: 0,
  readableFrom: 0,
};

/** A terminal that sends ^\ as soon as it shows that key. */
class QuickTerminal extends Memory {
  isListening = false;

  override _write(chunk: Buffer, encoding: BufferEncoding, done: () => void): void {
    super._write(chunk, encoding, done);
    if (!chunk.includes('^\\ leaves it running')) return;
    this.isListening = process.listenerCount('SIGQUIT') > 0;
    process.emit('SIGQUIT', 'SIGQUIT');
  }
}

it('names the key that leaves a session only once it listens for it', async () => {
  await using api = await ServedApi.start({
    sessions: { get: async () => SESSION, attach: () => new Promise(() => {}) } as never,
  });
  const env = {
    HOME: api.folder,
    LATCHKEY_SERVER: api.address,
    LATCHKEY_CA: join(api.folder, 'pki', 'ca.pem'),
    LATCHKEY_TOKEN: await api.token('alice'),
  };
  const stderr = new QuickTerminal(true);
  const io = { stdin: Readable.from([]), stdout: new Memory(true), stderr, env, now: Date.now };
  expect(await runCli(['attach', 's1'], io)).toBe(255);
  expect(stderr.isListening).toBe(true);
  expect(stderr.text).toContain("attach again with 'latchkey attach s1'");
});
