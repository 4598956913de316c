import { describe, expect, it } from 'vitest';
import { parseVariables } from './environment-file.ts';
import { inheritedSettings } from './inherited-settings.ts';

const SERVER = 998;
const ORIGIN = { umask: 0o027, prove: undefined, openFiles: 2048, daemonUid: SERVER };
const ENVIRONMENT = {
  USER: 'alice',
  LANG: 'C.UTF-8',
  http_proxy: 'http://p:1',
  ASIDE_NODE_OPTIONS: '--title=x',
  ASIDE_ASIDE_X: '1',
  LATCHKEY_SERVER: 'vm:7300',
  SUDO_EDITOR: 'vi',
  SSH_ASKPASS: '/usr/bin/ask',
  SUDO_COMMAND: '/usr/bin/latchkey',
  SSH_CONNECTION: '127.0.0.1 1 127.0.0.1 22',
  XDG_SESSION_ID: '4',
  XDG_RUNTIME_DIR: '/run/user/1000',
  LATCHKEY_SESSION_ID: 's1',
  PWD: '/',
  TERM: 'unknown',
};
const OF_PAM = {
  USER: 'alice',
  LANG: 'C.UTF-8',
  http_proxy: 'http://p:1',
  NODE_OPTIONS: '--title=x',
  ASIDE_X: '1',
  LATCHKEY_SERVER: 'vm:7300',
  SUDO_EDITOR: 'vi',
  SSH_ASKPASS: '/usr/bin/ask',
};

describe('what programs get of the login', () => {
  it.each([
    [
      'sudo, run by the server, started',
      ORIGIN,
      { ...ENVIRONMENT, SUDO_UID: `${SERVER}`, MAIL: '/var/mail/alice' },
    ],
    ['sshd started', { ...ORIGIN, prove: 'nonce' }, ENVIRONMENT],
  ])('is what PAM has set for a link that %s', (_, origin, environment) => {
    const settings = inheritedSettings(origin, environment);
    expect(settings).toMatchObject({ umask: 0o027, openFiles: 2048 });
    expect(settings.variables()).toEqual(OF_PAM);
  });

  it('is only the umask for a link that is started by hand, whoever has run sudo', () => {
    for (const SUDO_UID of [undefined, '1000']) {
      const settings = inheritedSettings(ORIGIN, { ...ENVIRONMENT, SUDO_UID });
      expect(settings).toMatchObject({ umask: 0o027, openFiles: 1024 });
      expect(settings.variables()).not.toHaveProperty('http_proxy', 'http://p:1');
    }
  });
});

describe('a file of variables', () => {
  it('is read as pam_env reads it', () => {
    const text = `# comment
PATH="/opt/x/bin:/usr/bin"
export http_proxy='http://p:1' # comment
MIXED="it's'
BARE = no
TWO=a b  c
LONG=one\\
two
HASH="a#b"
EMPTY=
REMOVED=1
REMOVED
ETC-X=1
\tINDENTED=1
`;
    expect(parseVariables(text)).toEqual({
      PATH: '/opt/x/bin:/usr/bin',
      http_proxy: 'http://p:1',
      MIXED: "it's",
      TWO: 'a b  c',
      LONG: 'onetwo',
      HASH: 'a',
      EMPTY: '',
      INDENTED: '1',
    });
  });
});
