/** The topics that can be measured, each in a file that is loaded on demand. */
import type { Line } from './report/line.ts';

/** Measures one topic; `folder` creates an empty folder that is removed at the end of the run. */
export type Measure = (folder: () => string) => Promise<Line[]>;

export interface Topic {
  readonly about: string;
  /** True when it needs root, because it runs the built program as several users in a world of its own. */
  readonly inWorld?: true;
  /** Debian packages that it needs, with their programs. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly load: () => Promise<{ readonly measure: Measure }>;
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  issuing: {
    about: 'tokens issued a second, on a disk that is waited for',
    load: () => import('./topics/issuing.ts'),
  },
  checking: {
    about: 'one token made and one checked, against jose and openssl',
    programs: { openssl: 'openssl' },
    load: () => import('./topics/checking.ts'),
  },
  unary: {
    about: 'a call with a token, against bare grpc-js',
    programs: { h2load: 'nghttp2-client' },
    load: () => import('./topics/unary.ts'),
  },
  output: {
    about: 'output through link and daemon',
    inWorld: true,
    load: () => import('./topics/throughput/output.ts'),
  },
  revoking: {
    about: 'from the call that revokes a token until it is refused elsewhere',
    inWorld: true,
    load: () => import('./topics/revoking.ts'),
  },
  'one-shot': {
    about: 'latchkey whoami, against a naive script',
    inWorld: true,
    load: () => import('./topics/one-shot.ts'),
  },
  recovery: {
    about: 'ready after kill -9, with links and sessions',
    inWorld: true,
    load: () => import('./topics/recovery.ts'),
  },
  'idle-links': {
    about: 'memory of an idle link, after work, among fifty',
    inWorld: true,
    load: () => import('./topics/idle-links.ts'),
  },
  'many-tokens': {
    about: 'a call where a million tokens are live, against a thousand',
    load: () => import('./topics/many-tokens.ts'),
  },
  login: {
    about: 'logging in by password, against ssh2 alone',
    inWorld: true,
    programs: { sshd: 'openssh-server' },
    load: () => import('./topics/login.ts'),
  },
  command: {
    about: 'a command through a warm link, against spawn with uid and sudo',
    inWorld: true,
    programs: { sudo: 'sudo' },
    load: () => import('./topics/command.ts'),
  },
  copying: {
    about: 'files copied to the host and back, against scp',
    inWorld: true,
    programs: { sshd: 'openssh-server', scp: 'openssh-client' },
    load: () => import('./topics/throughput/copying.ts'),
  },
  boot: { about: 'opening on a million tokens', load: () => import('./topics/boot.ts') },
  dashboard: {
    about: 'the dashboard on 100,000 tokens: its first screen, and from key to screen',
    inWorld: true,
    load: () => import('./topics/dashboard.ts'),
  },
  storm: {
    about: 'the dashboard while a thousand tokens a second come and go',
    inWorld: true,
    load: () => import('./topics/storm.ts'),
  },
  'slow-connections': {
    about: 'calls of a user while others hold 2,000 slow connections, against without them',
    inWorld: true,
    load: () => import('./topics/slow-connections.ts'),
  },
  binary: {
    about: 'the one file: how soon it starts, and what it takes up',
    inWorld: true,
    programs: { visudo: 'sudo' },
    load: () => import('./topics/binary.ts'),
  },
};
