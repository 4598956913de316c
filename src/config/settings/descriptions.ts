/** What each setting is for, in a sentence: for the manual and the configuration file of the package. */
import type { SettingName } from './settings.ts';

export const DESCRIPTIONS: Readonly<Record<SettingName, string>> = {
  'server.id':
    'What this server is called in its tokens and its certificate; made at the first start and kept.',
  'server.hostname': 'The name of this host that users are shown.',
  'api.listen': 'Where the API listens. A socket that systemd hands over counts instead.',
  'paths.state': 'The folder of the database and the keys.',
  'paths.run': 'The folder where programs of this host find the server.',
  'store.url': 'The database; a relative name lies in the state folder.',
  'tokens.algorithm': 'The algorithm that tokens are signed with.',
  'tokens.lifetime': 'How long a token is good.',
  'tokens.lifetimes': 'The same for some ways of logging in.',
  'tokens.signing_key': 'A file with the private key that signs tokens, PEM, instead of one that is made.',
  'tokens.secret': 'A secret to derive the signing key from, instead of one that is made.',
  'login.methods': 'The ways to log in that are open.',
  'login.ssh.host': 'The host of the sshd that checks passwords.',
  'login.ssh.port': 'Its port.',
  'login.ssh.host_keys': 'A pattern of the files with its public host keys; no other key gets a password.',
  'links.sudo': 'Whether a missing link daemon is started by sudo.',
  'links.limits.processes': 'How many processes a link that sudo has started may have, with its programs.',
  'links.limits.memory': 'How much memory they may use together; auto is three quarters of the host’s.',
  'links.shutdown_on_logout': 'Whether the last logout of a user ends their link daemon.',
  'links.eligible.min_uid': 'The lowest uid that may have links.',
  'links.eligible.users': 'Users who may have links whatever their uid.',
  'sessions.on_revoke': 'Whether the programs of a login that is revoked go on or end.',
  'sessions.output_limit': 'How much of a program’s output is kept: the newest.',
  'sessions.retention':
    'How long a program that has ended stays listed, with its output; of one user at most 10,000.',
  'roles.admin.users': 'Logins that may do everything.',
  'roles.admin.groups': 'Groups whose members may do everything.',
  'roles.manager.users': 'Logins that see and end the tokens, links and programs of everybody.',
  'roles.manager.groups': 'Groups whose members do.',
  'log.level': 'The least important messages that are logged.',
  'log.format': 'How: JSON for programs, lines for people; auto is lines on a terminal and JSON elsewhere.',
};
