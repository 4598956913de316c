import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { service } from '../../../test/support/account.ts';
import { install } from '../../../test/support/host/installed.ts';
import { needs } from '../../../test/support/needs.ts';
import { LINK_COMMAND } from './sudo.ts';
import { sudoRefusal } from './sudo-refusal.ts';

const FILE = '/etc/sudoers.d/latchkey';
const LINE = LINK_COMMAND.join(' ');
const MAY = 'latchkey ALL = (ALL, !root, !#0) NOPASSWD:';

/** Runs sudo as the server's user. */
let sudo: string;

/** Writes the rules, has the server's user run sudo for `name`, and returns what the refusal is taken for. */
async function refusalBy(rules: string, name = 'alice', { mode = 0o440, uid = 0, program = '' } = {}) {
  rmSync(FILE, { force: true });
  if (rules !== '') writeFileSync(FILE, `${rules}\n`);
  if (rules !== '') chmodSync(FILE, mode);
  if (rules !== '') chownSync(FILE, uid, 0);
  const command = program === '' ? LINK_COMMAND : [program, ...LINK_COMMAND.slice(1)];
  const { status, stderr } = spawnSync(sudo, ['-n', '-u', name, ...command], { encoding: 'utf8', cwd: '/' });
  expect(status, stderr).toBe(1);
  return sudoRefusal(stderr, name, command, sudo);
}

describe('sudo', needs('world', 'sudo'), () => {
  beforeAll(() => {
    install({ script: '#!/bin/sh\necho "latchkey link: no server" >&2\nexit 1\n' });
    const folder = mkdtempSync('/mnt/sudo-');
    chmodSync(folder, 0o755);
    sudo = join(folder, 'sudo');
    const as = `setpriv --reuid=${service.uid} --regid=${service.uid} --clear-groups`;
    writeFileSync(sudo, `#!/bin/sh\nexec ${as} -- env -i LC_ALL=C /usr/bin/sudo "$@"\n`, { mode: 0o755 });
  });
  afterAll(() => install());

  test.for<[string, string | undefined, RegExp, Parameters<typeof refusalBy>]>([
    ['has no rule', 'no-rule', /nothing without a password; .* latchkey config sudoers$/, ['']],
    [
      'has a rule for another command',
      'no-rule',
      /no rule for .*--daemon; /,
      [`${MAY} ${LINE.replace('daemon', 'end-sessions')}`],
    ],
    [
      'has a rule for other users',
      'not-allowed',
      /start no link of alice$/,
      [`${MAY.replace('ALL,', '%latchkey-managers,')} ${LINE}`],
    ],
    [
      'has a rule for another path',
      'other-path',
      /names \/opt\/latchkey, and not \/usr\/bin\/latchkey; /,
      [`${MAY} /opt/latchkey link --daemon`],
    ],
    [
      'asks for a password',
      'password',
      /lacks NOPASSWD; /,
      [`Defaults:latchkey listpw=never\n${MAY.replace('NOPASSWD:', '')} ${LINE}`],
    ],
    [
      'asks for a password, also to list rules',
      'no-rule',
      /nothing without a password; /,
      [`${MAY.replace('NOPASSWD:', '')} ${LINE}`],
    ],
    ['does not know the user', 'unknown-user', /no such user/, [`${MAY} ${LINE}`, 'nosuchuser']],
    [
      'does not find the program',
      'program-missing',
      /at this path$/,
      [`${MAY} /opt/latchkey link --daemon`, 'alice', { program: '/opt/latchkey' }],
    ],
    ['wants a terminal', 'terminal', /require a terminal/, [`Defaults:latchkey requiretty\n${MAY} ${LINE}`]],
    ['cannot parse its rules', 'rules-broken', /visudo --check$/, [`latchkey ALL = ((`]],
    [
      'does not trust its rules',
      'rules-broken',
      /visudo --check$/,
      [`${MAY} ${LINE}`, 'alice', { uid: 7002 }],
    ],
    ['has run the program, which failed', undefined, /^$/, [`${MAY} ${LINE}`]],
  ])('that %s is told apart (F19)', async ([, reason, text, args]) => {
    const refusal = await refusalBy(...args);
    expect(refusal?.reason).toBe(reason);
    expect(refusal?.text ?? '').toMatch(text);
  });
});
