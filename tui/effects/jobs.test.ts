import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Page } from '../../src/client/pages.ts';
import { AppError } from '../../src/errors.ts';
import { Receipt, StillRunning, Survivor, VerifiedBy } from '../../src/generated/latchkey/v1/token.ts';
import { becomeOlder } from '../../test/support/server/older-server.ts';
import { ServedApi } from '../../test/support/server/served-api.ts';
import type { EndAction, EndOptions, List, Row, Target } from '../screen.ts';
import { sessions } from '../screens/sessions.ts';
import { tokens } from '../screens/tokens.ts';
import type { Job, ReportLine } from '../state/state.ts';
import type { Event } from '../state/update.ts';
import { preview, runJob } from './jobs.ts';

const client = undefined as never;

function targets(count: number): Target[] {
  return Array.from({ length: count }, (_, at) => ({ id: `t${at}`, title: `t${at}` }));
}

type Act = (ids: readonly string[], how: EndOptions) => Promise<Partial<Receipt>>;

function ending(act: Act, maxPerCall = 500): EndAction {
  return {
    kind: 'end',
    key: 'x',
    verb: 'revoke',
    consequence: '',
    maxPerCall,
    act: async (_client, ids, how) => ({ receipt: Receipt.fromPartial(await act(ids, how)) }),
  };
}

const textOf = (line: ReportLine): string => (typeof line === 'string' ? line : line.text);

/** Runs a job; resolves with its last event and its progress. */
async function run(
  job: Job,
  stop = new AbortController(),
): Promise<{ lines: string; progress: number[]; last: Event }> {
  const events: Event[] = [];
  await runJob({ client, job, dispatch: (event) => events.push(event), stop: stop.signal });
  const progress = events.flatMap((event) => (event.kind === 'progress' ? event.done : []));
  const last = events.at(-1);
  if (last === undefined) throw new Error('no event was dispatched');
  return { lines: last.kind === 'report' ? last.lines.map(textOf).join('\n') : '', progress, last };
}

describe('a job', () => {
  it('ends thousands of rows in calls of hundreds, reports progress, and sums the receipts', async () => {
    const sizes: number[] = [];
    const action = ending(async (ids) => {
      sizes.push(ids.length);
      return {
        jtis: [...ids],
        processes: 2,
        milliseconds: 7,
        verifiedBy: VerifiedBy.DAEMON,
        links: ['same'],
      };
    });
    const { lines, progress } = await run({ kind: 'end', action, targets: targets(2300) });
    expect([sizes, progress]).toEqual([
      [500, 500, 500, 500, 300],
      [500, 1000, 1500, 2000, 2300],
    ]);
    expect(lines).toMatch(
      /^Still running: no session and no link\.\nEnded 2,300 tokens, 1 link and 10 processes in \d+ ms\.\n {2}token {4}t0\n/,
    );
    expect(lines).toContain('Verified by: the server.');
  });

  it('verifies a sum no better than its weakest part, and lists each survivor once', async () => {
    const seen = { pid: 7, linuxUser: 'alice', command: 'sleep', seen: true };
    const survivor = { ...Survivor.fromPartial({}), ...seen };
    const session = StillRunning.fromPartial({ sessionId: 's', linuxUser: 'alice', pids: [9] });
    const parts: Partial<Receipt>[] = [
      { jtis: ['t0'], processes: 1, verifiedBy: VerifiedBy.DAEMON },
      {
        jtis: ['t1'],
        processes: 1,
        verifiedBy: VerifiedBy.LINK,
        stillRunning: [session],
        stillRunningTotal: 1,
      },
      { jtis: ['t2'], survivors: [survivor], stillRunning: [session], stillRunningTotal: 1 },
    ];
    const action = ending(async ([id = '']) => parts[Number(id.slice(1))] ?? {}, 1);
    const some = await run({ kind: 'end', action, targets: targets(2) });
    expect(some.lines).toContain("Verified by: the user's own link, and the server as far as it could look.");
    const all = await run({ kind: 'end', action, targets: targets(3) });
    expect(all.lines.match(/ {2}session {2}s/g)).toHaveLength(1);
    expect(all.lines).toMatch(/^Still running:\n {2}pid 7 {2}alice {2}sleep {2}could not be ended\n/);
    expect(all.lines).toContain('Verified by: nobody');
  });

  it('ends the other rows when some may not be ended, and says how many those are', async () => {
    const action = ending(async (ids) => {
      if (ids.includes('t3')) throw new AppError('PERMISSION_DENIED', 'only administrators');
      return { jtis: [...ids] };
    });
    const { lines } = await run({ kind: 'end', action, targets: targets(8) });
    expect(lines).toMatch(/^Ended 7 tokens/m);
    expect(lines).toContain('Not done for 1 row: only administrators');
    expect(lines).not.toContain('token    t3');
  });

  it("ends the dashboard's own connection last, after all other calls", async () => {
    const ended: string[] = [];
    const action = ending(async (ids) => {
      expect(ended).not.toContain('t0');
      await Promise.resolve();
      ended.push(...ids);
      return { jtis: [...ids] };
    }, 1);
    const [own, ...others] = targets(9);
    if (own === undefined) throw new Error('no targets');
    await run({ kind: 'end', action, targets: [{ ...own, endsOwnConnection: true }, ...others] });
    expect([ended.length, ended.at(-1)]).toEqual([9, 't0']);
  });

  it('begins no more calls once it is stopped, and says how many rows are unchanged', async () => {
    const stop = new AbortController();
    const action = ending(async (ids) => {
      stop.abort();
      return { jtis: [...ids] };
    }, 1);
    const { lines } = await run({ kind: 'end', action, targets: targets(100) }, stop);
    expect(lines).toMatch(/^Ended \d tokens? /m);
    expect(lines).toMatch(/Stopped: 9\d rows were left unchanged\.$/);
  });

  it('reports equal failures once, and rows that are already gone', async () => {
    const action = ending(async () => {
      throw new AppError('NOT_FOUND', 'there is no such token');
    }, 1);
    const { lines } = await run({ kind: 'end', action, targets: targets(3) });
    expect(lines).toBe('Not done for 3 rows: already gone');
  });

  it('marks all rows of a query, page by page, or none when it is stopped', async () => {
    const pages: Page<Row>[] = ['a', 'b', 'c'].map((id, at) => ({
      items: [{ id, title: id, cells: ['large'], fields: [] }],
      nextPageToken: at < 2 ? `${at + 1}` : '',
      total: 3,
    }));
    const page: List['page'] = async (_client, { pageToken, signal }) => {
      signal.throwIfAborted();
      return pages[Number(pageToken)] ?? { items: [], nextPageToken: '', total: 0 };
    };
    const query = { screen: { ...sessions, page }, scope: {}, filter: '', order: undefined };
    const { last, progress } = await run({ kind: 'mark', query, total: 3 });
    expect(last).toMatchObject({ kind: 'marked', targets: ['a', 'b', 'c'].map((id) => ({ id, title: id })) });
    expect(progress).toEqual([1, 2, 3]);
    const stopped = new AbortController();
    stopped.abort();
    expect((await run({ kind: 'mark', query, total: 3 }, stopped)).last).toMatchObject({ kind: 'finished' });
  });
});

describe('the question before an ending', () => {
  afterEach(() => void vi.restoreAllMocks());

  const ask = (action: EndAction, count: number) =>
    preview(client, action, targets(count), new AbortController().signal);

  it('sums what the server says would end, and asks for nothing to be ended', async () => {
    const asked: boolean[] = [];
    const act = ending(async (ids, { validateOnly }) => {
      asked.push(validateOnly);
      return { jtis: [...ids], links: ['shared'], keptSessions: [`s-${ids[0]}`] };
    }, 2);
    expect(await ask(act, 4)).toMatchObject({
      jtis: ['t0', 't1', 't2', 't3'],
      links: ['shared'],
      keptSessions: ['s-t0', 's-t2'],
    });
    expect(asked).toEqual([true, true]);
  });

  it('leaves out what may not be ended, and says why when that is all', async () => {
    const denied = ending(async (ids) => {
      if (ids.includes('t1')) throw new AppError('PERMISSION_DENIED', 'not yours');
      return { jtis: [...ids] };
    });
    expect(await ask(denied, 3)).toMatchObject({ jtis: ['t0', 't2'] });
    const broken = ending(() => Promise.reject(new AppError('STORE_UNAVAILABLE', 'the disk is full')));
    expect(await ask(broken, 3)).toContain('the disk is full');
  });

  it('does not say half of what would end, and asks no more once that is not known', async () => {
    const asked: string[] = [];
    const action = ending(async ([id = '']) => {
      asked.push(id);
      if (id === 't1') throw new AppError('UNAVAILABLE', 'the connection broke');
      return { jtis: [id] };
    }, 1);
    expect(await ask(action, 100)).toBe('the connection broke');
    expect(asked.length).toBeLessThan(10);
  });

  it('ends nothing on a server of an older version, where it is not known what would end', async () => {
    becomeOlder();
    await using api = await ServedApi.start();
    await using alice = await api.client('alice');
    const { claims } = await api.authority.mint({ login: 'alice', authMethod: 'link' });
    const [revoke] = tokens.actions.filter(({ kind }) => kind === 'end');
    const found = await preview(
      alice,
      revoke as EndAction,
      [{ id: claims.jti, title: '' }],
      new AbortController().signal,
    );
    expect(found).toMatch(/does not support previews; nothing has ended/);
    expect(api.authority.isActive(claims.jti)).toBe(true);
  });

  it('says of what is gone already that nothing ends', async () => {
    const gone = ending(() => Promise.reject(new AppError('NOT_FOUND', 'there is no such token')));
    expect(await ask(gone, 1)).toMatchObject({ jtis: [], links: [] });
  });
});
