/** `latchkey doctor` says where links get less from PAM than logins over SSH. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { otherContent, otherMode } from '../../support/host/changed.ts';
import { type Examined, ExaminedHost } from '../../support/host/doctor.ts';
import { SUDOERS } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';
import { TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2242;
const OTHER_PORT = 2243;
const RULES = '/etc/sudoers.d/latchkey';
const SERVICE = '/etc/pam.d/latchkey-link';

let host: ExaminedHost;

describe('about the PAM sessions of links the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  beforeAll(async () => {
    host = await ExaminedHost.start(PORT);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  /** Examines the host with another sshd, whose PAM service has these lines more. */
  async function withPam(pam: string): Promise<Examined> {
    await using sshd = await TestSshd.start(OTHER_PORT, { pam });
    return await host.examine({
      LATCHKEY_LOGIN_SSH_PORT: `${OTHER_PORT}`,
      LATCHKEY_LOGIN_SSH_HOST_KEYS: sshd.settings.host_keys,
    });
  }

  test('nothing on a host without problems', async () => {
    const examined = await host.examine();
    expect(examined.warnings('pam')).toEqual([]);
    expect(examined.findings).toContainEqual({
      check: 'pam',
      status: 'ok',
      summary: `${SERVICE} gives links what a login over SSH has`,
      remedy: null,
    });
  });

  test('a module of sshd that links lack, with the line to add, but none that is left out by design', async () => {
    using _ = otherContent('/etc/pam.d/common-session', 'session  optional pam_umask.so umask=027 # ours\n');
    const pam = `-session optional pam_systemd.so
session optional pam_motd.so
session [success=ok \\
  default=bad] pam_selinux.so close
session include common-session
session required pam_mkhomedir.so
account required pam_time.so
`;
    expect((await withPam(pam)).warnings('pam')).toEqual([
      {
        summary: expect.stringMatching(
          /^sshd opens sessions with pam_umask \(\/etc\/pam\.d\/\S+\), and links get/,
        ),
        remedy: `in ${SERVICE}: session optional pam_umask.so umask=027; man latchkey-pam`,
      },
      {
        summary: expect.stringMatching(/^sshd opens sessions with pam_mkhomedir /),
        remedy: `in ${SERVICE}: session required pam_mkhomedir.so; man latchkey-pam`,
      },
    ]);
  });

  test('a service of links that is missing, or that others can change', async () => {
    using mode = otherMode(SERVICE, 0o666);
    expect((await host.examine()).problem('pam').remedy).toBe(
      `chown root:root ${SERVICE} && chmod 0644 ${SERVICE}`,
    );
    mode[Symbol.dispose]();
    using _ = otherContent(SERVICE, undefined);
    expect((await host.examine()).warnings('pam')).toEqual([
      {
        summary: `${SERVICE} is missing: links get the PAM session of /etc/pam.d/other`,
        remedy: expect.stringMatching(/force-confmiss.*; man latchkey-pam$/),
      },
    ]);
  });

  test.for<[string, (rules: string) => string, string]>([
    ['open no PAM session', (rules) => rules.replace(' pam_session', ' !pam_session'), 'pam_session'],
    [
      'use the service of sudo',
      (rules) => rules.replace(', pam_service=latchkey-link', ''),
      'pam_service=latchkey-link',
    ],
    ['set the umask', (rules) => rules.replace('!umask', 'umask=0022, umask_override'), '!umask'],
  ])('rules of sudo, kept in an upgrade, that %s', async ([, change, wanted]) => {
    using _ = otherContent(RULES, change(readFileSync(SUDOERS, 'utf8')));
    expect((await host.examine()).warnings('sudo')).toEqual([
      {
        summary: 'sudo does not give links the limits, umask and variables that PAM gives to logins',
        remedy: `in ${RULES}: Defaults:latchkey ${wanted}; man latchkey-pam`,
      },
    ]);
  });
});
