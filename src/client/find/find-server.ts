/**
 * Finds the server that a client means, and its CA (N1): from the command line, the environment or the
 * client's configuration, else the server running on this host. Connects to nothing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { defaultRunDirs, type RunFolder, readRunFolder } from '../../system/local-server.ts';
import { configFolder, homeOf } from '../../system/xdg.ts';
import { readDefaultServer } from './default-server.ts';
import { readCa, serverFolder } from './server-folder.ts';

export interface FindServer {
  /** host:port or host. */
  readonly server?: string;
  /** File with the CA certificate, PEM. */
  readonly ca?: string;
  /** The run folder of a server on this host. */
  readonly run?: string;
  /** Look only on this host, unless `server` names one. */
  readonly localAdmin?: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** A server to connect to. */
export interface FoundServer {
  /** host:port, an IPv6 host in brackets. */
  readonly address: string;
  /** The CA that must have issued its certificate, PEM. */
  readonly ca: string;
  /** Folder of this client for the server, with its token. */
  readonly folder: string;
  /** For a server on this host: what its run folder contains. */
  readonly local?: RunFolder;
  /**
   * True when only another user's run folder vouches for `ca`. No token may then be sent but the one that was
   * given for this very call, or the folder's own.
   */
  readonly isForeign: boolean;
}

const DEFAULT_PORT = 7300;
const LAST_PORT = 65_535;
const SYSTEM_CONFIGURATION = '/etc/latchkey/client.yaml';

/** Throws UNREACHABLE when no server is found, NOT_TRUSTED when its CA is unknown, USAGE. */
export function findServer(wanted: FindServer): FoundServer {
  const asks = wanted.run === undefined && wanted.localAdmin !== true;
  const named = wanted.server ?? (asks ? configuredServer(wanted.env) : undefined);
  const locals = localServers(wanted);
  const home = homeOf(wanted.env);
  if (named === undefined) {
    const [local] = locals;
    if (local === undefined) throw noServer(wanted.run);
    const { address } = local.server;
    const folder = serverFolder(wanted.env, home, address);
    const ca = givenCa(wanted) ?? (local.isForeign ? readCa(folder) : undefined);
    const isForeign = local.isForeign && ca === undefined;
    return { address, ca: ca ?? local.server.ca, folder, local, isForeign };
  }
  const address = normalAddress(named);
  const local = locals.find(({ server }) => server.address === address);
  const folder = serverFolder(wanted.env, home, address);
  const ca = givenCa(wanted) ?? readCa(folder);
  if (ca !== undefined) return { address, ca, folder, isForeign: false, ...(local && { local }) };
  if (local !== undefined) return { address, ca: local.server.ca, folder, isForeign: local.isForeign, local };
  throw new AppError('NOT_TRUSTED', `${address} is not trusted yet; run: latchkey trust ${address}`);
}

function configuredServer(env: NodeJS.ProcessEnv): string | undefined {
  if (env.LATCHKEY_SERVER) return env.LATCHKEY_SERVER;
  const own = serverKey(textOf(join(configFolder(env, homeOf(env)), 'client.yaml')));
  return own ?? readDefaultServer(env) ?? serverKey(textOf(SYSTEM_CONFIGURATION));
}

/** Returns the value of the `server:` line in the client's configuration, which has no other settings. */
export function serverKey(text: string | undefined): string | undefined {
  const [, quoted, plain] =
    /^server:[ \t]+(?:["']([^"'\n]*)["']|([^\s#"'][^\n#]*?))[ \t]*(?:#.*)?$/m.exec(text ?? '') ?? [];
  return quoted ?? plain;
}

function localServers({ run, env }: FindServer): RunFolder[] {
  const runDirs = run === undefined ? defaultRunDirs(env, process.getuid?.() ?? 0) : [run];
  return runDirs.flatMap((runDir) => readRunFolder(runDir) ?? []);
}

function givenCa({ ca, env }: FindServer): string | undefined {
  const path = ca ?? env.LATCHKEY_CA;
  if (!path) return undefined;
  const text = textOf(path);
  if (text === undefined) throw new AppError('USAGE', `cannot read the CA certificate ${path}`);
  return text;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Returns the address with its port, an IPv6 host in brackets. Throws USAGE. */
export function normalAddress(text: string): string {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^\s:[\]/@]+)(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  if (host === undefined || Number(port ?? DEFAULT_PORT) > LAST_PORT || port === '0')
    throw new AppError('USAGE', `"${text}" is not host or host:port`);
  return `${host.toLowerCase()}:${port ?? DEFAULT_PORT}`;
}

function noServer(run: string | undefined): AppError {
  if (run !== undefined) {
    return new AppError('UNREACHABLE', `no server is running with run directory ${run}`);
  }
  return new AppError(
    'UNREACHABLE',
    'no server is running on this host; name one with --server host:port or LATCHKEY_SERVER, or start one: latchkey serve',
  );
}
