/** Calls every method as every caller, against a real server, and expects the answers of the table. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MethodPath, POLICY } from '../../src/api/pipeline/policy.ts';
import { needs } from '../support/needs.ts';
import type { Answer } from '../support/server/rpc.ts';
import { CallerWorld } from './caller-world.ts';
import { CALLERS, type CallerName, expected, type Outcome } from './callers.ts';
import { METHODS, type Method, type Target } from './methods.ts';
import { WHO_MAY_CALL } from './who-may-call.ts';

const START_MS = 60_000;
const paths = Object.keys(POLICY) as MethodPath[];
const callers = Object.keys(CALLERS) as CallerName[];

let world: CallerWorld;
let lastToken: Awaited<ReturnType<CallerWorld['token']>> | undefined;
let lastSession: string | undefined;

async function target({ needs }: Method): Promise<Target> {
  if (needs === 'token') lastToken ??= await world.token();
  if (needs === 'session') lastSession ??= await world.session();
  const { jti = '', socket = '', token = '' } = lastToken ?? {};
  return { jti, socket, token, sessionId: lastSession ?? '' };
}

async function outcome(path: MethodPath, method: Method, name: CallerName): Promise<Outcome> {
  const logout = method.special === 'logout';
  const { person, token } = await (logout ? world.callerToLogOut(name) : world.caller(name));
  if (method.special === 'register') return outcomeOf(await world.registrant(person).issue({ token }));
  const request = method.request?.(await target(method)) ?? Buffer.alloc(0);
  const answer = await person.call(`/${path}`, request, token, method.streams);
  const shown = answer.response === undefined || (method.shows?.(answer.response) ?? true);
  if (logout && answer.code === 0) await hasLoggedOut(name, token);
  return answer.code === 0 && !shown ? 'nothing' : outcomeOf(answer);
}

async function hasLoggedOut(name: CallerName, token: string | undefined): Promise<void> {
  expect(await world.isActive(token ?? '')).toBe(false);
  if (name === 'local administrator') await world.restart();
}

function outcomeOf({ code, reason, message }: Pick<Answer, 'code' | 'reason' | 'message'>): Outcome {
  return code === 0 ? 'ok' : (reason ?? `${code} ${message}`);
}

/** Checks that a refused call has changed nothing, and that an accepted one has. */
async function checkEffect({ needs }: Method, isDone: boolean): Promise<void> {
  if (needs === 'token') {
    expect(await world.isActive(lastToken?.token ?? '')).toBe(!isDone);
    if (isDone) lastToken = undefined;
  } else if (isDone) lastSession = undefined;
}

test('the table has every method of the policy, and no other', () => {
  expect([...WHO_MAY_CALL.keys()].toSorted()).toEqual(paths.toSorted());
  expect(Object.keys(METHODS).toSorted()).toEqual(paths.toSorted());
});

describe('the table method x caller', needs('world'), () => {
  beforeAll(async () => {
    world = await CallerWorld.open();
  }, START_MS);
  afterAll(() => world?.[Symbol.asyncDispose](), START_MS);

  describe.each(paths)('%s', (path) => {
    test.for(callers)('%s', async (caller) => {
      const method = METHODS[path];
      const wanted = expected(path, CALLERS[caller]);
      expect(await outcome(path, method, caller)).toBe(wanted);
      if (method.mortal) await checkEffect(method, wanted === 'ok');
    });
  });
});
