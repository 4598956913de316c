import { expect, test } from 'vitest';
import { Expiry } from './expiry.ts';

test('a sweep ends all expired tokens, however many, but none that is already being ended', async () => {
  const left = Array.from({ length: 2001 }, (_, at) => `t${at}`);
  const ended: string[] = [];
  const expiry = new Expiry({
    authority: { expired: async (limit) => left.slice(0, limit) },
    isEnding: (jti) => jti === 't2000',
    end: async (jtis) => {
      ended.push(...jtis);
      left.splice(0, jtis.length);
    },
    log: { error: () => {} },
  });
  await expiry.sweep();
  expect(ended).toHaveLength(2000);
  expect(left).toEqual(['t2000']);
  await expiry.sweep();
  expect(ended).toHaveLength(2000);
});

test('a sweep that fails is not the last one', async () => {
  let isReadable = false;
  const ended: string[] = [];
  const logged: string[] = [];
  const expired = async (): Promise<string[]> => {
    if (!isReadable) throw new Error('the store cannot be read');
    return ['t'];
  };
  const expiry = new Expiry({
    authority: { expired },
    isEnding: () => false,
    end: async (jtis) => void ended.push(...jtis),
    log: { error: (_, message) => void logged.push(message) },
  });
  await expiry.sweep();
  expect([ended, logged]).toEqual([[], ['cannot end expired tokens']]);
  isReadable = true;
  await expiry.sweep();
  expect(ended).toEqual(['t']);
});
