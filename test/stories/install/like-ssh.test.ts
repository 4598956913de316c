/**
 * A program of a session has what one has that runs over SSH, on a host with limits, variables, a umask and
 * private directories. The differences are those of the table in latchkey-pam(7), no more and no fewer.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, type Finished, latchkey } from '../../support/account.ts';
import { type Base, BootedSystem, bootable } from '../../support/host/booted-system.ts';
import { givePackage, trust } from '../../support/host/packaged-system.ts';
import { missing, skippedFor } from '../../support/needs.ts';

const PASSWORD = 'Tr0ub4dor and more';
const PROBE = join(import.meta.dirname, '../../support/host/process-facts');
const MANUAL = join(import.meta.dirname, '../../../build/package/pam.md');
const SSH = 'ssh -i /srv/key -o StrictHostKeyChecking=no alice@localhost';
const FACTS = 'sh /srv/process-facts /srv/ns';
const SAME = 'as over SSH';
const CORE_LIMIT = 'limit of core dumps, in a container without CAP_SYS_RESOURCE';
const SYS_RESOURCE = 1n << 24n; // capability.h
const base: Base = missing('world') ? { missing: missing('world') } : bootable();

/** The facts of each row of the table, by its first cell. */
const ROWS: Readonly<Record<string, RegExp>> = {
  'control group': /^cgroup$/,
  '`XDG_SESSION_*`': /^\$XDG_SESSION_/,
  '`SSH_*`, `MOTD_SHOWN`': /^\$(SSH_.*|MOTD_SHOWN)$/,
  '`SHLVL`, `_`': /^\$(SHLVL|_)$/,
  '`LATCHKEY_SESSION_ID`': /^\$LATCHKEY_SESSION_ID$/,
  'SetEnv, AcceptEnv and PermitUserEnvironment of sshd_config': /^\$OF_SSHD$/,
  '`~/.pam_environment`': /^\$OF_OWN_FILE$/,
  'soft limit of open files': /^limit-open-files$/,
  'umask and other limits': /^(umask|limit-(?!open-files|core-file-size).*)$/,
  [CORE_LIMIT]: /^limit-core-file-size$/,
};

type Facts = ReadonlyMap<string, string>;
let system: BootedSystem;
let overSsh: Facts;

/** Prepares limits, variables, umask and private directories as an administrator does. */
const PREPARE = `
  mkdir -m 755 /srv/ns
  for path in /proc/1/ns/*; do readlink $path >/srv/ns/\${path##*/}; done
  printf 'alice %s\\n' 'hard nproc 64' 'hard fsize 100000' 'hard nofile 4096' 'soft nofile 2048' \\
    'soft stack 4096' '- memlock 100' 'hard sigpending 100' >/etc/security/limits.d/alice.conf
  printf '%s\\n' PATH=/opt/x/bin:/usr/bin:/bin http_proxy=http://p:1 NODE_OPTIONS=--title=x >/etc/environment
  echo LANG=C.UTF-8 >/etc/default/locale
  sed -i 's/^UMASK.*/UMASK 027/; s/^USERGROUPS_ENAB.*/USERGROUPS_ENAB no/' /etc/login.defs
  echo 'session optional pam_umask.so' | tee -a /etc/pam.d/common-session >>/etc/pam.d/common-session-noninteractive
  mkdir -m 000 /srv/instances
  echo '/tmp /srv/instances/ user root' >/etc/security/namespace.conf
  echo 'session required pam_namespace.so' >>/etc/pam.d/sshd
  echo 'SetEnv OF_SSHD=1' >>/etc/ssh/sshd_config
  systemctl restart ssh
  echo OF_OWN_FILE=1 >/home/alice/.pam_environment
  touch /tmp/of-the-host
  ssh-keygen -q -t ed25519 -N '' -f /srv/key
  install -d -o alice -g alice -m 700 /home/alice/.ssh
  install -o alice -g alice -m 600 /srv/key.pub /home/alice/.ssh/authorized_keys
  ${SSH} touch /tmp/of-alice`;

describe('a program of a session', { ...skippedFor(base.missing), timeout: 300_000 }, () => {
  beforeAll(async () => {
    if (base.folder === undefined) return;
    system = await BootedSystem.boot(base.folder);
    await system.sh(
      `useradd --uid "$3" --create-home --shell /bin/bash alice
      printf '%s\\n' "alice:$1" | chpasswd
      dpkg --install "$2"`,
      PASSWORD,
      givePackage(system),
      // The kernel counts the processes of a uid in all systems of the machine.
      `${randomInt(20_000, 60_000)}`,
    );
    system.give(PROBE, '/srv/process-facts');
    await system.sh(PREPARE);
    await trust(system, alice);
    overSsh = factsIn(await system.sh(`${SSH} ${FACTS} </dev/null`));
    expect(await far(['login', '--answers-stdin', 'alice@'], `${PASSWORD}\n`)).toMatchObject({ status: 0 });
  }, 300_000);
  afterAll(() => system?.[Symbol.asyncDispose]());

  test('has what its user has over SSH, but for the table of the manual (X10)', async () => {
    const facts = factsIn((await far(['start', '--', ...FACTS.split(' ')])).stdout);
    expect(facts.get('cgroup')).toMatch(/\/latchkey\.service\/link-[^/]+\/session-[^/]+$/);
    expect(facts.get('tmp')).toBe('of-alice');
    expect(facts.get('$NODE_OPTIONS')).toBe('--title=x');
    expect(differences(facts)).toEqual(rowsThatDiffer('link of sudo'));
  });

  test('has what the manual says when its user has started the link by hand (X10)', async () => {
    const byHand = `umask 077; ulimit -S -s 2048; export OF_THE_SHELL=1
      latchkey link >/dev/null 2>&1 &
      until latchkey whoami >/dev/null 2>&1; do sleep 0.2; done
      latchkey start -- ${FACTS}; kill $!`;
    const facts = factsIn(await system.sh(`${SSH} "$1" </dev/null`, byHand));
    expect(differences(facts)).toEqual(rowsThatDiffer('link by hand'));
    expect(facts.get('umask')).toBe('0077');
    expect(facts.has('$OF_THE_SHELL')).toBe(false);
  });
});

function far(argv: readonly string[], input?: string): Promise<Finished> {
  const env = { LATCHKEY_SERVER: `${system.address}:7300` };
  return latchkey(alice, argv, { env, ...(input !== undefined && { input }) }).finished;
}

function factsIn(printed: string): Facts {
  const lines = printed.split('\n').flatMap((line) => {
    const [, name, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  const facts = new Map(lines);
  for (const name of ['user', 'limit-processes', 'namespace-mnt', 'keyring', 'loginuid', '$HOME'])
    expect(facts.get(name), printed).toBeTruthy();
  return facts;
}

/** Returns the rows, by their first cells, that tell the differences from SSH, and what none tells. */
function differences(facts: Facts): string[] {
  const names = new Set([...facts.keys(), ...overSsh.keys()]);
  const different = [...names].filter((name) => comparable(name, facts) !== comparable(name, overSsh));
  const told = different.map((name) => {
    const [row] = Object.entries(ROWS).find(([, pattern]) => pattern.test(name)) ?? [];
    return row ?? `${name}: ${facts.get(name)}, over SSH ${overSsh.get(name)}`;
  });
  return [...new Set(told)].sort();
}

/** Logind's sessions have a number each. */
function comparable(name: string, facts: Facts): string | undefined {
  const value = facts.get(name);
  return name === 'cgroup' ? value?.replace(/session-\d+\.scope$/, '') : value;
}

/** Returns the first cells of the rows that are not the same in the column. */
function rowsThatDiffer(column: string): string[] {
  const [heading = [], , ...rows] = readFileSync(MANUAL, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));
  const differing = rows.filter((row) => {
    const cell = row[heading.indexOf(column)] ?? '';
    return !cell.startsWith(SAME) && cell !== row[heading.indexOf('over SSH')];
  });
  const canRaise = (BigInt(`0x${overSsh.get('CapBnd')}`) & SYS_RESOURCE) !== 0n;
  const names = differing.map(([what = '']) => what);
  return names.filter((what) => what !== CORE_LIMIT || !canRaise).sort();
}
