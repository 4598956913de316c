/**
 * All settings, each in one place: its type, its default, its text, and whether a reload is enough.
 * The type of the configuration, `latchkey config`, the manual page and the package's file are made from this
 * table. A key that is not here is refused.
 */
import { hostname, totalmem } from 'node:os';
import type { AuthMethodName } from '../../values/auth-method.ts';
import { defaultRun, defaultState, type Mode } from '../paths/paths.ts';
import { type NameIn, type SettingTable, settingsIn } from './setting.ts';
import {
  absolutePath,
  durationMs,
  durationSeconds,
  durations,
  groupNames,
  hostName,
  idleRules,
  integer,
  listenAddress,
  oneOf,
  orAuto,
  orNothing,
  remoteHost,
  serverId,
  size,
  someOf,
  storeUrl,
  strongSecret,
  userNames,
  yesOrNo,
} from './setting-types.ts';

/** The login methods that issue tokens. */
const METHODS = [
  'ssh',
  'ssh-start',
  'link',
  'link-daemon',
  'local',
] as const satisfies readonly AuthMethodName[];

export const SETTINGS = {
  server: {
    id: {
      type: orAuto(serverId, () => undefined),
      default: 'auto',
      text: 'The name of this server in its tokens and its certificate; auto generates one and keeps it.',
      reload: false,
    },
    hostname: {
      type: orAuto(hostName, () => hostname()),
      default: 'auto',
      text: 'The name of this host that is shown to users.',
      reload: false,
    },
  },
  api: {
    listen: {
      type: listenAddress,
      default: (mode: Mode) => (mode === 'system' ? '[::]:7300' : '127.0.0.1:7300'),
      text: 'The address and port of the API. A socket passed by systemd replaces them.',
      reload: false,
    },
  },
  paths: {
    state: {
      type: orAuto(absolutePath, defaultState),
      default: 'auto',
      text: 'The folder with the database and the keys.',
      reload: false,
    },
    run: {
      type: orAuto(absolutePath, defaultRun),
      default: 'auto',
      text: 'The folder in which local programs find the server.',
      reload: false,
    },
  },
  store: {
    url: {
      type: storeUrl,
      default: 'sqlite:latchkey.db',
      text: 'The database; a relative file name is relative to the state folder.',
      reload: false,
    },
  },
  tokens: {
    algorithm: {
      type: oneOf('ES256', 'EdDSA'),
      default: 'ES256',
      text: 'The algorithm that tokens are signed with.',
      reload: false,
    },
    lifetime: {
      type: durationSeconds,
      default: '8h',
      text: 'The time for which a new token is valid.',
      reload: true,
    },
    lifetimes: {
      type: durations(...METHODS),
      default: {},
      text: 'Lifetimes for individual login methods, where they differ from tokens.lifetime.',
      reload: true,
    },
    signing_key: {
      type: orNothing(absolutePath),
      default: null,
      text: 'A PEM file with the private key that signs tokens, instead of a generated key.',
      reload: false,
    },
    secret: {
      type: orNothing(strongSecret),
      default: null,
      text: 'A secret to derive the signing key from, instead of a generated key.',
      reload: false,
    },
  },
  login: {
    methods: {
      type: someOf('ssh', 'link'),
      default: ['ssh', 'link'],
      text: 'The login methods that are enabled.',
      reload: true,
    },
    ssh: {
      host: {
        type: remoteHost,
        default: '127.0.0.1',
        text: 'The host of the sshd that checks passwords.',
        reload: true,
      },
      port: {
        type: integer(1, 65_535),
        default: 22,
        text: 'The port of the sshd that checks passwords.',
        reload: true,
      },
      host_keys: {
        type: absolutePath,
        default: '/etc/ssh/ssh_host_*_key.pub',
        text: 'A pattern for the public host key files of that sshd; passwords are sent to no other.',
        reload: true,
      },
    },
  },
  links: {
    sudo: {
      type: yesOrNo,
      default: true,
      text: 'Starts the link daemon of a user who has none, through sudo.',
      reload: true,
    },
    limits: {
      processes: {
        type: integer(16, 4_194_304),
        default: 4_096,
        text: 'The maximum number of processes of a link started through sudo, its sessions included.',
        reload: true,
      },
      memory: {
        type: orAuto(size(64 * 1024 ** 2, '64MiB'), mostMemory),
        default: 'auto',
        text: "The maximum memory of these processes together; auto is 3/4 of the host's memory.",
        reload: true,
      },
    },
    shutdown_on_logout: {
      type: yesOrNo,
      default: false,
      text: 'Ends the link daemon of a user with the last login of that user.',
      reload: true,
    },
    eligible: {
      min_uid: {
        type: integer(0, 4_294_967_294),
        default: 1000,
        text: 'The lowest uid that may have links.',
        reload: true,
      },
      users: {
        type: userNames,
        default: [],
        text: 'Users who may have links whatever their uid.',
        reload: true,
      },
    },
  },
  sessions: {
    on_revoke: {
      type: oneOf('keep', 'end'),
      default: 'keep',
      text: 'Keeps or ends the sessions of a token that is revoked.',
      reload: true,
    },
    output_limit: {
      type: size(64 * 1024, '64KiB'),
      default: '64MiB',
      text: 'The maximum output that is kept of a session; the oldest output is dropped.',
      reload: true,
    },
    retention: {
      type: durationMs,
      default: '7d',
      text: 'The time for which an ended session and its output are kept; at most 10,000 of each user.',
      reload: true,
    },
    idle_rules: {
      type: idleRules,
      default: [],
      text: 'Rules such as "end after 2h" for idle sessions; the first that applies counts.',
      reload: true,
    },
  },
  roles: {
    admin: {
      users: {
        type: userNames,
        default: [],
        text: 'Users who may do everything.',
        reload: true,
      },
      groups: {
        type: groupNames,
        default: [],
        text: 'Groups whose members may do everything.',
        reload: true,
      },
    },
    manager: {
      users: {
        type: userNames,
        default: [],
        text: 'Users who see and end the tokens, links and sessions of everybody.',
        reload: true,
      },
      groups: {
        type: groupNames,
        default: [],
        text: 'Groups whose members see and end the tokens, links and sessions of everybody.',
        reload: true,
      },
    },
  },
  log: {
    level: {
      type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
      default: 'info',
      text: 'Lowest level logged: warn for refusals, info also logins and sessions, debug also calls.',
      reload: true,
    },
    format: {
      type: oneOf('auto', 'json', 'human'),
      default: 'auto',
      text: 'The format of the log; auto is human (text) on a terminal and json elsewhere.',
      reload: false,
    },
  },
} satisfies SettingTable;

export type SettingName = NameIn<typeof SETTINGS>;

/** Every setting by its name, such as `tokens.signing_key`. */
export const SETTING_BY_NAME = settingsIn(SETTINGS);

/**
 * Three quarters of the host's memory, in bytes: one user may take that much without stopping everybody
 * else.
 */
function mostMemory(): number {
  return Math.floor(totalmem() * 0.75);
}
