/** What can be measured: each topic is a file of its own, loaded when it is asked for. */
import type { Line } from './line.ts';

/** Measures one topic; `folder` makes a new empty folder that is removed at the end of the run. */
export type Measure = (folder: () => string) => Promise<Line[]>;

export interface Topic {
  readonly about: string;
  /** Needs root: it runs the built program as several users, in a world of its own. */
  readonly inWorld?: true;
  /** Programs it runs, each with the Debian package that has it. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly load: () => Promise<{ readonly measure: Measure }>;
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  issuing: {
    about: 'tokens issued a second, on a disk that is waited for',
    load: () => import('./issuing.ts'),
  },
  checking: { about: 'one check of a token, against jose', load: () => import('./checking.ts') },
  unary: {
    about: 'a call with a token, against bare grpc-js',
    programs: { h2load: 'nghttp2-client' },
    load: () => import('./unary.ts'),
  },
  output: { about: 'output through link and daemon', inWorld: true, load: () => import('./output.ts') },
  boot: { about: 'opening on a million tokens', load: () => import('./boot.ts') },
};
