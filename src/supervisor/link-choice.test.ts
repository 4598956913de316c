import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import { linkRow } from '../../test/contract/rows.ts';
import { type LoginSettings, loginSettingsOf } from '../accounts/login-settings.ts';
import { canonicalUser } from '../accounts/user-database.ts';
import { AppError } from '../errors.ts';
import type { TokenClaims } from '../token/claims.ts';
import { Link } from './link.ts';
import { LinkChoice } from './link-choice.ts';

const me = userInfo();

async function settingsNow(): Promise<LoginSettings> {
  const user = await canonicalUser(me.username);
  if (user === undefined) throw new Error('this uid has no account');
  return loginSettingsOf(user);
}

/** Refreshes a link that was started with `before`, where the account check says `known`. */
async function refresh(before: LoginSettings, known: LoginSettings, daemon: 0 | 1): Promise<void> {
  const settings = JSON.stringify(before);
  const row = linkRow('a', { uid: me.uid, linux_user: me.username, daemon, login_settings: settings });
  const link = new Link(row);
  const choice = new LinkChoice({
    accounts: { check: async () => known },
    authority: { uidOf: async () => me.uid },
    registry: { accepting: () => link, get: () => link },
    daemonStarts: { ensure: async () => {}, refresh: async () => {}, refusalOf: () => undefined },
    settings: () => ({ eligible: { self: false }, manualLinks: false }),
  });
  const claims = (daemon ? {} : { socket: 'a' }) as TokenClaims;
  await choice.refresh(claims, link.info);
}

test.each([true, false])(
  'an account that may start nothing now starts nothing, in self mode: %s',
  async (self) => {
    const link = new Link(linkRow('a', { uid: me.uid, linux_user: me.username }));
    const refusal = new AppError('NOT_ELIGIBLE', 'it is locked');
    const choice = new LinkChoice({
      accounts: { check: () => Promise.reject(refusal) },
      authority: { uidOf: async () => me.uid },
      registry: { accepting: () => link, get: () => link },
      daemonStarts: { ensure: async () => {}, refresh: async () => {}, refusalOf: () => undefined },
      settings: () => ({ eligible: { self }, manualLinks: true }),
    });
    await expect(choice.refresh({ socket: 'a' } as TokenClaims, link.info)).rejects.toBe(refusal);
  },
);

test.each([0, 1] as const)(
  'a link that is newer than what is known of groups is used (daemon: %i)',
  async (daemon) => {
    const now = await settingsNow();
    const older = { ...now, account: { ...now.account, groups: 'older' } };
    await expect(refresh(now, older, daemon)).resolves.toBeUndefined();
    await expect(refresh(older, older, daemon)).resolves.toBeUndefined();
    await expect(refresh(older, now, daemon)).rejects.toMatchObject({
      reason: 'LINK_REQUIRED',
      message: expect.stringMatching(
        `^the groups of ${me.username} changed after this link was started; log in`,
      ),
    });
  },
);
