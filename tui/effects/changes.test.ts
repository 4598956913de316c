import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import type { ChangeAction, ChangeOptions, Target } from '../screen.ts';
import { cordon, disconnect, uncordon } from '../screens/cordons.ts';
import type { Event } from '../state/update.ts';
import { previewChange, runJob } from './jobs.ts';

const client = undefined as never;

function targets(count: number): Target[] {
  return Array.from({ length: count }, (_, at) => ({ id: `s${at}`, title: `s${at}` }));
}

type Act = (id: string, how: ChangeOptions) => Promise<{ disconnected: number }>;

function acting(action: ChangeAction, act: Act): ChangeAction {
  return { ...action, act: (_client, id, how) => act(id, how) };
}

async function run(action: ChangeAction, count: number, value = ''): Promise<Event | undefined> {
  const events: Event[] = [];
  const job = { kind: 'change', action, targets: targets(count), value } as const;
  const dispatch = (event: Event): void => void events.push(event);
  await runJob({ client, job, dispatch, stop: new AbortController().signal });
  expect(events.flatMap((event) => (event.kind === 'progress' ? event.done : []))).toHaveLength(count);
  return events.at(-1);
}

const preview = (action: ChangeAction, count: number, value = '') =>
  previewChange(client, { action, targets: targets(count), value }, new AbortController().signal);

describe('a change of rows', () => {
  it('is made in one call for each, and sums what was done', async () => {
    const asked: unknown[] = [];
    const act: Act = async (id, { value, validateOnly }) => {
      asked.push([id, value, validateOnly]);
      return { disconnected: 2 };
    };
    const text = (event: Event | undefined) => (event?.kind === 'finished' ? event.text : event);
    expect(text(await run(acting(disconnect, act), 3))).toBe('Disconnected 6 clients.');
    expect(asked).toEqual(['s0', 's1', 's2'].map((id) => [id, '', false]));
    expect(text(await run(acting(cordon, act), 1, 'why'))).toBe(
      'Cordoned 1 session, and disconnected 2 clients.',
    );
    expect(asked.at(-1)).toEqual(['s0', 'why', false]);
    expect(text(await run(acting(uncordon, act), 2))).toBe('Uncordoned 2 sessions.');
    expect(text(await run(acting(uncordon, act), 1, 'dora'))).toBe('Gave 1 session to dora.');
  });

  it('reports what was done, and why the rest was not', async () => {
    const half = acting(cordon, async (id) => {
      if (id === 's1') throw new AppError('SESSION_ENDED', 'the session has ended');
      return { disconnected: 1 };
    });
    expect(await run(half, 2, 'why')).toMatchObject({
      kind: 'report',
      lines: ['Cordoned 1 session, and disconnected 1 client.', 'Not done for 1 row: the session has ended'],
    });
    const unknown = acting(uncordon, () =>
      Promise.reject(new AppError('NOT_FOUND', 'there is no login "x"')),
    );
    expect(await run(unknown, 1, 'x')).toMatchObject({ kind: 'report', lines: ['there is no login "x"'] });
  });

  it('is asked for in advance without changing anything', async () => {
    const asked: boolean[] = [];
    const act: Act = async (_id, { validateOnly }) => {
      asked.push(validateOnly);
      return { disconnected: 1 };
    };
    expect(await preview(acting(disconnect, act), 2)).toEqual(['Disconnects 2 clients.']);
    expect(asked).toEqual([true, true]);
    const nobody = acting(cordon, async () => ({ disconnected: 0 }));
    expect(await preview(nobody, 1, 'why')).toEqual(['Nobody is attached, or follows the output.']);
    expect(await preview(acting(uncordon, act), 1, 'dora')).toEqual([]);
  });

  it('says in advance for which rows it is not possible, and why', async () => {
    const denied = new AppError('PERMISSION_DENIED', 'a session that runs as bob cannot be given away');
    expect(
      await preview(
        acting(uncordon, () => Promise.reject(denied)),
        1,
        'dora',
      ),
    ).toEqual([denied.message]);
    const half = acting(disconnect, async (id) => {
      if (id === 's0') throw new AppError('NOT_FOUND', 'there is no such session');
      return { disconnected: 1 };
    });
    expect(await preview(half, 2)).toEqual([
      'Disconnects 1 client.',
      'Not possible for 1 row: there is no such session',
    ]);
  });
});
