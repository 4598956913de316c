/** A host with a running server, and what `latchkey doctor` finds there as root. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Finished, root, runAs, service } from '../account.ts';
import { missing } from '../needs.ts';
import { program } from '../program.ts';
import { TestDaemon } from '../server/daemon.ts';
import { TestSshd } from '../ssh/sshd.ts';
import { DelegatedCgroup } from './delegated-cgroup.ts';
import { install, RUN_FOLDER } from './installed.ts';

export interface Finding {
  readonly check: string;
  readonly status: string;
  readonly summary: string;
  readonly remedy: string | null;
}

/** A host without problems: sshd, sudo, PAM, a cgroup if possible, and a server run by the user latchkey. */
export class ExaminedHost implements AsyncDisposable {
  readonly sshd: TestSshd;
  readonly daemon: TestDaemon;
  readonly #cgroup: DelegatedCgroup | undefined;

  private constructor(sshd: TestSshd, daemon: TestDaemon, cgroup: DelegatedCgroup | undefined) {
    this.sshd = sshd;
    this.daemon = daemon;
    this.#cgroup = cgroup;
  }

  static async start(sshdPort: number): Promise<ExaminedHost> {
    install();
    const sshd = await TestSshd.start(sshdPort);
    const cgroup = missing('cgroups') ? undefined : new DelegatedCgroup(service);
    const config = { login: { ssh: sshd.settings } };
    const options = { as: service, run: RUN_FOLDER, config, ...(cgroup && { cgroup: cgroup.path }) };
    return new ExaminedHost(sshd, await TestDaemon.start(options), cgroup);
  }

  pki(name: string): string {
    return join(this.daemon.stateFolder, 'pki', name);
  }

  get database(): string {
    return join(this.daemon.stateFolder, 'latchkey.db');
  }

  doctor(argv: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
    const command = [program(), 'doctor', '--config', this.daemon.configFile, ...argv];
    return runAs(root, command, { env, cwd: '/' }).finished;
  }

  async examine(env: NodeJS.ProcessEnv = {}): Promise<Examined> {
    return new Examined(await this.doctor(['--json'], env));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    rmSync(RUN_FOLDER, { recursive: true }); // a killed server leaves its server.json
    this.#cgroup?.[Symbol.dispose]();
    await this.sshd[Symbol.asyncDispose]();
  }
}

export class Examined {
  readonly status: number | null;
  readonly findings: readonly Finding[];

  constructor({ status, stdout, stderr }: Finished) {
    expect(stderr).toBe('');
    this.status = status;
    this.findings = JSON.parse(stdout).findings;
  }

  /** Returns the findings of `check` other than "ok". */
  of(check: string): Omit<Finding, 'check'>[] {
    const wrong = this.findings.filter((finding) => finding.check === check && finding.status !== 'ok');
    return wrong.map(({ check: _, ...rest }) => rest);
  }

  /** Returns the only problem, which must be one of `check`. */
  problem(check: string): Pick<Finding, 'summary' | 'remedy'> {
    const [only, ...others] = this.findings.filter((finding) => finding.status === 'problem');
    expect(others).toEqual([]);
    expect(only).toMatchObject({ check });
    expect(this.status).toBe(1);
    return { summary: only?.summary ?? '', remedy: only?.remedy ?? null };
  }

  /** Returns the findings of `check` other than "ok", when there is no problem at all. */
  warnings(check: string): Pick<Finding, 'summary' | 'remedy'>[] {
    expect(this.findings.filter((finding) => finding.status === 'problem')).toEqual([]);
    expect(this.status).toBe(0);
    return this.of(check).map(({ status, ...rest }) => {
      expect(status).toBe('warning');
      return rest;
    });
  }
}
