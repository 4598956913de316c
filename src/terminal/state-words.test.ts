import { expect, it } from 'vitest';
import { Role } from '../generated/latchkey/v1/auth.ts';
import { ErrorReason } from '../generated/latchkey/v1/error.ts';
import { LinkState } from '../generated/latchkey/v1/link.ts';
import { SessionState } from '../generated/latchkey/v1/session.ts';
import { RefusalKind } from '../generated/latchkey/v1/system.ts';
import { AuthMethod } from '../generated/latchkey/v1/token.ts';
import {
  exitText,
  linkState,
  methodWord,
  reasonName,
  refusalWord,
  roleWord,
  sessionState,
  sessionWord,
} from './state-words.ts';

/** A value that a newer server might send. */
const NEW = 99 as never;

it('has a word for what this version knows, and says of anything else that it is unknown', () => {
  expect([methodWord(AuthMethod.LINK_DAEMON), methodWord(NEW)]).toEqual(['link-daemon', 'unknown']);
  expect([roleWord(Role.ADMIN), roleWord(NEW)]).toEqual(['admin', 'unknown']);
  expect([refusalWord(RefusalKind.LOGIN), refusalWord(NEW)]).toEqual(['login', 'unknown']);
  expect(linkState({ state: LinkState.LOST })).toEqual({ text: 'lost', style: 'bad' });
  expect(linkState({ state: NEW })).toEqual({ text: 'unknown' });
  expect(sessionWord({ state: SessionState.STARTING })).toBe('starting');
  const plain = { state: SessionState.RUNNING, exitStatus: undefined, cordon: undefined, idle: undefined };
  expect(sessionState({ ...plain, state: NEW })).toEqual({ text: 'unknown' });
  const idle = { action: NEW, since: undefined, actsAt: undefined };
  expect(sessionState({ ...plain, idle })).toEqual({ text: 'running, idle', style: 'dim' });
  const cordon = { message: 'why', by: 'bob', cordonedAt: undefined };
  expect(sessionState({ ...plain, idle, cordon })).toEqual({ text: 'running, cordoned', style: 'bad' });
  expect([reasonName(ErrorReason.TOKEN_EXPIRED), reasonName(NEW)]).toEqual(['TOKEN_EXPIRED', 'reason 99']);
  expect(reasonName(ErrorReason.UNSPECIFIED)).toBe('');
});

it.for([
  [0, 'ended with status 0'],
  [7, 'ended with status 7'],
  [130, 'ended with status 130 (SIGINT)'],
  [255, 'ended with status 255'],
  [undefined, 'ended, status unknown'],
] as const)('says how a program ended: %s', ([exitStatus, text]) => {
  expect(exitText({ exitStatus }).text).toBe(text);
});

it('says of a session that the kernel has killed for its memory why it ended', () => {
  const killed = { state: SessionState.ENDED, exitStatus: 137, oomKills: 2, cordon: undefined };
  expect(sessionState(killed)).toEqual({ text: 'ended 137, out of memory', style: 'bad' });
  expect(sessionState({ ...killed, oomKills: 0 })).toEqual({ text: 'ended 137', style: 'bad' });
  expect(exitText(killed)).toEqual({
    text: 'ended with status 137 (SIGKILL); the kernel killed 2 of its processes: out of memory',
    style: 'bad',
  });
});
