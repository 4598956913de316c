/** A real sshd for a story, inside the world, with its own port, host key and PAM service. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const SSHD = '/usr/sbin/sshd';
/** OpenSSH before 9.8 takes the name of its PAM service from the name that it is run by. */
const SERVICE = 'latchkey-test-sshd';

const PAM = `auth required pam_unix.so
account required pam_nologin.so
account required pam_unix.so
session required pam_unix.so
password required pam_unix.so
`;

export interface SshdOptions {
  /** Additional lines of its configuration. */
  readonly lines?: readonly string[];
  /** Additional lines of its PAM service. */
  readonly pam?: string;
  /** PAM service in place of the usual one. */
  readonly service?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export class TestSshd implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #process: ReturnType<typeof spawn>;
  readonly #gone: Promise<unknown>;
  log = '';

  private constructor(folder: string, port: number, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.port = port;
    this.#process = spawn(join(folder, SERVICE), ['-D', '-e', '-f', join(folder, 'sshd_config')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#gone = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
  }

  /** The settings of `login.ssh` that find it. */
  get settings(): { host: string; port: number; host_keys: string } {
    return { host: '127.0.0.1', port: this.port, host_keys: join(this.folder, 'hostkey.pub') };
  }

  /** Starts an sshd and waits until it listens. */
  static async start(
    port: number,
    { lines: more = [], pam = '', service = PAM, env = {} }: SshdOptions = {},
  ): Promise<TestSshd> {
    const folder = mkdtempSync('/mnt/sshd-');
    chmodSync(folder, 0o755); // the server, which may be another user, reads the public key
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'hostkey')]);
    symlinkSync(SSHD, join(folder, SERVICE));
    writeFileSync(`/etc/pam.d/${SERVICE}`, `${service}${pam}`);
    const lines = [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      `HostKey ${join(folder, 'hostkey')}`,
      `PidFile ${join(folder, 'pid')}`,
      'UsePAM yes',
      'LogLevel VERBOSE',
      'UseDNS no',
      ...more,
    ];
    writeFileSync(join(folder, 'sshd_config'), `${lines.join('\n')}\n`);
    const sshd = new TestSshd(folder, port, env);
    await sshd.#listens();
    return sshd;
  }

  async #listens(): Promise<void> {
    for (const endMs = performance.now() + 10_000; performance.now() < endMs; await delay(20)) {
      const isOpen = await new Promise<boolean>((resolve) => {
        const socket = createConnection({ host: '127.0.0.1', port: this.port });
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      });
      if (isOpen) return;
    }
    throw new Error(`sshd does not listen: ${this.log}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#gone;
  }
}

/** Sets the passwords of accounts of the world. */
export function setPasswords(passwords: Readonly<Record<string, string>>): void {
  const input = Object.entries(passwords).map(([name, password]) => `${name}:${password}\n`);
  execFileSync('chpasswd', { input: input.join('') });
}

/** Adds an account to the world and changes it by `usermod`'s options. */
export function addAccount(name: string, password: string, ...usermod: string[]): void {
  execFileSync('useradd', ['-m', '-d', `/mnt/home/${name}`, '-s', '/bin/sh', name], { stdio: 'ignore' });
  setPasswords({ [name]: password });
  if (usermod.length > 0) execFileSync('usermod', [...usermod, name], { stdio: 'ignore' });
}
