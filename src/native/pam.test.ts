import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { askAccountPhase } from './pam.ts';

it("PAM's account phase accepts this account, and rejects one that does not exist", (ctx) => {
  if (!existsSync('/etc/pam.d/other')) return ctx.skip('needs PAM with a service "other"');
  expect(askAccountPhase('other', userInfo().username)).toMatchObject({ allowed: true });
  const { allowed, message } = askAccountPhase('other', 'no-such-user-at-all');
  expect(allowed).toBe(false);
  expect(message).not.toBe('');
});
