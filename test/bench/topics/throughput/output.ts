/**
 * A program's output from its user's link through the daemon to a remote reader: rate, memory and CPU;
 * compared with Node's HTTP/2 server, which sends over TLS from memory to the same reader.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { AttachSessionRequest } from '../../../../src/generated/latchkey/v1/session.ts';
import { alice, type Run, runAs } from '../../../support/account.ts';
import { program } from '../../../support/program.ts';
import { TestDaemon } from '../../../support/server/daemon.ts';
import { cpuMsOf } from '../../cpu.ts';
import { Child } from '../../processes/child.ts';
import type { Read, Stream } from '../../processes/output-reader.ts';
import type { Serving } from '../../processes/output-server.ts';
import { shuffled } from '../../report/compare.ts';
import { type Line, median, spreadOf } from '../../report/line.ts';

const ROUNDS = 5;
const MEBIBYTES = 1024;
const BYTES = MEBIBYTES * 1024 * 1024;
const ATTACH = '/latchkey.v1.SessionService/AttachSession';
const RATE = 300;
const MEMORY = 100;
/**
 * Part of the bare server's rate that is required on a busy machine, which cannot reach the absolute
 * goal.
 */
const PART_OF_BARE = 0.5;

/** Milliseconds until a daemon has released the memory that only its start needed. */
const SETTLED_MS = 3000;
/** Written to /proc/<pid>/clear_refs (proc(5)). */
const RESET_PEAK = '5';

/** Prints all bytes after a line of input. */
const PRINT = `read go; exec dd if=/dev/zero bs=64k count=${BYTES / 65536} status=none`;

type Reader = Child<object, Read>;

interface Sample {
  /** MiB per second. */
  readonly rate: number;
  /** CPU seconds for each GiB, by process. */
  readonly cpu: readonly number[];
}

interface Stage {
  readonly daemon: TestDaemon;
  readonly link: Run;
  readonly token: string;
  readonly reader: Reader;
}

export async function measure(): Promise<Line[]> {
  await using bare = await Child.start<Serving, object>('output-server.ts', [`${BYTES}`]);
  await using reader: Reader = await Child.start<object, Read>('output-reader.ts', []);
  await using daemon = await TestDaemon.start({ config: { log: { format: 'json', level: 'info' } } });
  const link = await daemon.link(alice, '--print-token');
  const [token] = await link.printed(/^eyJ[\w.-]+$/m);
  const stage = { daemon, link, token, reader };
  const pids = [daemon.pid, link.child.pid ?? 0, bare.pid];
  await setTimeout(SETTLED_MS);
  const before = pids.map(peakOf);
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  const ours: Sample[] = [];
  const shown: Sample[] = [];
  const others: [Sample, Sample][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const other: Sample[] = [];
    const sampleBare = async (): Promise<unknown> => other.push(await fromBare(bare, reader));
    const arms = [async () => ours.push(await fromLink(stage)), sampleBare, sampleBare];
    for (const arm of shuffled(arms)) await arm();
    shown.push(await byCommandLine(stage));
    others.push(other as [Sample, Sample]);
  }
  return lines({ ours, shown, others, before, peaks: pids.map(peakOf) });
}

interface Taken {
  readonly ours: readonly Sample[];
  readonly shown: readonly Sample[];
  readonly others: readonly (readonly [Sample, Sample])[];
  /** Resident memory of daemon, link and bare server in MiB, after their start and at most since. */
  readonly before: readonly number[];
  readonly peaks: readonly number[];
}

function lines({ ours, shown, others, before, peaks }: Taken): Line[] {
  const both = others.flat();
  const spread = median(others.map(([one, two]) => spreadOf(one.rate, two.rate)));
  const [daemonPeak = 0, linkPeak = 0, barePeak = 0] = peaks;
  const speed = {
    goal: RATE,
    wanted: 'at least',
    spread,
    other: `${Math.round(rateOf(both))} (bare HTTP/2)`,
  } as const;
  const memory = { goal: MEMORY, wanted: 'at most', spread: 0 } as const;
  const bareCost = `${Math.round(barePeak)} MiB, ${cpuOf(both, 0)} (bare HTTP/2)`;
  const share = rateOf(ours) / rateOf(both);
  const rate = (samples: readonly Sample[]): Pick<Line, 'ours' | 'ratio'> => ({
    ours: `${Math.round(rateOf(samples))}`,
    ratio: rateOf(samples),
  });
  const peak = (mebibytes: number, who: number): Pick<Line, 'ours' | 'ratio'> => ({
    ours: `${Math.round(mebibytes)} MiB (${Math.round(before[who] ?? 0)} at the start), ${cpuOf(ours, who)}`,
    ratio: mebibytes,
  });
  return [
    { what: 'output through link and daemon, MiB/s', ...rate(ours), ...speed },
    {
      what: 'the same against bare HTTP/2 over TLS',
      ...{ ours: share.toFixed(2), other: '1', ratio: share, goal: PART_OF_BARE, wanted: 'at least', spread },
    },
    { what: 'the same by latchkey attach into a pipe, MiB/s', ...rate(shown), ...speed },
    { what: 'daemon: peak memory; CPU a GiB', ...peak(daemonPeak, 0), other: bareCost, ...memory },
    { what: 'link: peak memory; CPU a GiB', ...peak(linkPeak, 1), other: '-', ...memory },
  ];
}

function rateOf(samples: readonly Sample[]): number {
  return median(samples.map(({ rate }) => rate));
}

function cpuOf(samples: readonly Sample[], who: number): string {
  return `${median(samples.map(({ cpu }) => cpu[who] ?? Number.NaN)).toFixed(2)} s`;
}

/** Prepares a session that is ready to print; its reader does nothing else. */
async function fromLink(stage: Stage): Promise<Sample> {
  const { daemon, link, token, reader } = stage;
  const sessionId = await startPrinting(stage);
  const { address, ca } = daemon.serverFile;
  const requests = [
    AttachSessionRequest.encode({
      request: { $case: 'attach', value: { sessionId, offset: 0, watch: false } },
    }),
    AttachSessionRequest.encode({ request: { $case: 'input', value: Buffer.from('go\n') } }),
  ];
  const messages = requests.map((request) => Buffer.from(request.finish()).toString('base64'));
  const stream: Stream = { url: `https://${address}`, ca, path: ATTACH, token, messages };
  return sample([daemon.pid, link.child.pid ?? 0], async () => {
    const { bytes, seconds, status } = await reader.ask(stream);
    if (status !== '0' || bytes < BYTES) throw new Error(`${bytes} bytes came, and status ${status}`);
    return seconds;
  });
}

async function fromBare(bare: Child<Serving, object>, reader: Reader): Promise<Sample> {
  const { port, ca } = bare.ready;
  const stream: Stream = { url: `https://127.0.0.1:${port}`, ca, path: '/', token: '', messages: [] };
  return sample([bare.pid], async () => (await reader.ask(stream)).seconds);
}

async function byCommandLine(stage: Stage): Promise<Sample> {
  const { daemon, link, token } = stage;
  const id = await startPrinting(stage);
  return sample([daemon.pid, link.child.pid ?? 0], async () => {
    const pipeline = 'echo | "$1" attach --run "$2" -i "$3" | wc -c';
    const begunMs = performance.now();
    const command = ['sh', '-c', pipeline, 'sh', program(), daemon.runFolder, id];
    const run = runAs(alice, command, { env: { LATCHKEY_TOKEN: token } });
    const { stdout, stderr } = await run.finished;
    if (Number(stdout) !== BYTES) throw new Error(`${stdout.trim()} bytes came: ${stderr}`);
    return (performance.now() - begunMs) / 1000;
  });
}

async function startPrinting({ daemon, token }: Stage): Promise<string> {
  const command = ['start', '--detach', '-i', '--', 'sh', '-c', PRINT];
  const started = await daemon.cli(alice, command, { env: { LATCHKEY_TOKEN: token } });
  if (started.status !== 0) throw new Error(started.stderr);
  return started.stdout.trim();
}

/** Takes one sample; `work` returns its duration in seconds. */
async function sample(pids: readonly number[], work: () => Promise<number>): Promise<Sample> {
  const before = pids.map(cpuMsOf);
  const seconds = await work();
  const cpu = pids.map((pid, index) => ((cpuMsOf(pid) - (before[index] ?? 0)) / 1000) * (1024 / MEBIBYTES));
  return { rate: MEBIBYTES / seconds, cpu };
}

/** Returns the peak of resident memory since it was reset, in MiB (proc(5), VmHWM). */
function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
