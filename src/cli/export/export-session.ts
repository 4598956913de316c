/** Exports the output of a session: as an asciicast, or as its bytes. */
import { AppError, isAppError } from '../../errors.ts';
import { type ReadOutputResponse, type Session, Stream } from '../../generated/latchkey/v1/session.ts';
import { interruption } from '../input/interruption.ts';
import { writeRaw } from '../output/write-raw.ts';
import { type Run, WAITING } from '../run.ts';
import type { CastVersion } from './asciicast.ts';
import { CastOfSession } from './cast-of-session.ts';
import { PrivateFile } from './private-file.ts';

/** The formats, by the names used on the command line; raw has no version. */
const VERSIONS = { 'asciicast-v2': 2, 'asciicast-v3': 3, raw: undefined } as const;

export type ExportFormat = keyof typeof VERSIONS;

export const EXPORT_FORMATS = Object.keys(VERSIONS) as ExportFormat[];

export interface ExportOptions {
  readonly format?: ExportFormat;
  readonly output?: string;
  readonly force?: boolean;
  readonly title?: string;
}

/** Takes what is exported, in order. */
type Target = (data: Uint8Array, stream: Stream) => Promise<void> | void;

/** Exports to a file, which appears when it is complete, or to standard output. */
export async function exportSession(run: Run, sessionId: string, options: ExportOptions): Promise<void> {
  const { output, force = false } = options;
  const session = await find(run, sessionId);
  const version = versionFor(session, options);
  const write = (signal: AbortSignal | undefined, target: Target): Promise<void> =>
    version === undefined
      ? writeBytes(run, session, signal, target)
      : writeCast(run, session, signal, target, { version, title: options.title });
  if (output === undefined)
    return write(undefined, (data, stream) =>
      writeRaw(stream === Stream.STDERR ? run.io.stderr : run.io.stdout, data),
    );
  using file = new PrivateFile(output, force);
  using interrupted = interruption();
  try {
    await write(interrupted.signal, (data) => file.write(data));
  } catch (error) {
    throw interrupted.signal.aborted ? new AppError('CANCELLED', 'interrupted') : error;
  }
  file.publish();
}

async function find(run: Run, sessionId: string): Promise<Session> {
  const { sessions } = await run.client();
  const { session } = await run.out.whileWaiting(WAITING, sessions.getSession({ sessionId }));
  if (session === undefined) throw new AppError('NOT_FOUND', `there is no session ${sessionId}`);
  return session;
}

/** Returns the version of the asciicast; undefined for raw bytes. Throws USAGE. */
function versionFor({ id, terminal }: Session, { format, title }: ExportOptions): CastVersion | undefined {
  const version = VERSIONS[format ?? (terminal === undefined ? 'raw' : 'asciicast-v2')];
  if (version !== undefined && terminal === undefined)
    throw new AppError('USAGE', `session ${id} has no terminal: it can only be exported with --format raw`);
  if (version === undefined && title !== undefined)
    throw new AppError('USAGE', 'raw bytes have no title: leave out --title');
  return version;
}

async function writeBytes(
  run: Run,
  { id }: Session,
  signal: AbortSignal | undefined,
  target: Target,
): Promise<void> {
  for await (const { event } of keptOutput(run, { sessionId: id, times: false, signal }))
    if (event?.$case === 'output') await target(event.value.data, event.value.stream);
}

async function writeCast(
  run: Run,
  session: Session,
  signal: AbortSignal | undefined,
  target: Target,
  { version, title }: { readonly version: CastVersion; readonly title: string | undefined },
): Promise<void> {
  let lines: string[] = [];
  const cast = new CastOfSession(session, { version, title, write: (line) => lines.push(line) });
  const flush = async (): Promise<void> => {
    const text = lines.join('');
    lines = [];
    if (text !== '') await target(Buffer.from(text), Stream.STDOUT);
  };
  const request = {
    sessionId: session.id,
    times: true,
    signal,
    onDropped: (first: number, about: string) => cast.dropped(first, about),
  };
  let exitStatus: number | undefined;
  for await (const { event } of keptOutput(run, request)) {
    if (event?.$case === 'times') cast.times(event.value);
    else if (event?.$case === 'output') cast.output(event.value.offset, event.value.data);
    else if (event?.$case === 'exited') exitStatus = event.value.exitStatus;
    await flush();
  }
  cast.end(exitStatus);
  await flush();
  if (cast.remark !== '') run.out.note(`latchkey: ${cast.remark}`);
}

interface KeptOutput {
  readonly sessionId: string;
  readonly times: boolean;
  readonly signal: AbortSignal | undefined;
  /** Called when the next output begins at `first`, because what is before that is not available. */
  readonly onDropped?: (first: number, about: string) => void;
}

/** Reads what is available of a session's output, up to now. */
async function* keptOutput(
  run: Run,
  { sessionId, times, signal, onDropped }: KeptOutput,
): AsyncGenerator<ReadOutputResponse> {
  const { sessions } = await run.client();
  for (let offset = 0; ; ) {
    try {
      const request = { sessionId, offset, follow: false, times };
      for await (const response of sessions.readOutput(request, signal && { signal })) {
        const { event } = response;
        if (event?.$case === 'output') offset = event.value.offset + event.value.data.length;
        yield response;
      }
      return;
    } catch (error) {
      const first = isAppError(error, 'OUTPUT_DROPPED') ? Number(error.details.firstOffset) : Number.NaN;
      if (!Number.isSafeInteger(first) || first <= offset) throw error;
      const about = `${first - offset} bytes of output are not available`;
      run.out.note(`latchkey: ${about}`);
      onDropped?.(first, about);
      offset = first;
    }
  }
}
