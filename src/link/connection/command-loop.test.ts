import { expect, it } from 'vitest';
import { FakeDaemon } from '../../../test/support/link/fake-daemon.ts';

it('takes at most a thousand commands at once', async () => {
  await using daemon = await FakeDaemon.open();
  const { line } = await daemon.link();
  await line.start(['sleep', '60']);
  // Answered once that has ended.
  const value = { retire: true, endSessions: false, graceMilliseconds: 0 };
  for (let count = 1; count < 1000; count += 1) line.send({ $case: 'stop', value });
  expect(await line.ask({ $case: 'ping', value: {} }, 'done')).toEqual({});
  line.send({ $case: 'stop', value });
  const refused = line.ask({ $case: 'ping', value: {} }, 'done');
  await expect(refused).rejects.toMatchObject({
    reason: 'LIMIT_EXCEEDED',
    message: 'too many commands at once',
  });
});
