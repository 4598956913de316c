/** The settings in the environment. Unknown LATCHKEY_ variables are refused like unknown keys of the file. */
import { invalid } from '../config-error.ts';
import { variableOf } from '../settings/setting.ts';
import type { Shape } from '../settings/setting-types.ts';
import { SETTING_BY_NAME, type SettingName } from '../settings/settings.ts';
import { suggestion } from '../suggest.ts';
import type { Entry } from './entry.ts';

/** Variables for clients, links and sessions, which the daemon ignores. */
const FOR_OTHERS = new Set([
  'LATCHKEY_SERVER',
  'LATCHKEY_TOKEN',
  'LATCHKEY_TOKEN_FILE',
  'LATCHKEY_CA',
  'LATCHKEY_SESSION_ID',
]);

/** Variables that Kubernetes adds by itself when a service is called latchkey. */
const FROM_KUBERNETES = /^LATCHKEY_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/;

const BY_VARIABLE = new Map(
  [...SETTING_BY_NAME].map(([name, { type }]) => [variableOf(name), { name, type }]),
);

/** Throws CONFIG_INVALID on an unknown variable. */
export function readEnvironment(env: NodeJS.ProcessEnv): Map<SettingName, Entry> {
  const entries = new Map<SettingName, Entry>();
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('LATCHKEY_') || text === undefined) continue;
    if (FOR_OTHERS.has(variable) || FROM_KUBERNETES.test(variable)) continue;
    const setting = BY_VARIABLE.get(variable);
    if (setting === undefined) throw unknownVariable(variable);
    const raw = fromText(text, setting.type.shape);
    entries.set(setting.name, { raw, source: 'environment', where: `environment variable ${variable}` });
  }
  return entries;
}

function unknownVariable(variable: string): Error {
  const meant = suggestion(variable, [...BY_VARIABLE.keys(), ...FOR_OTHERS]);
  return invalid(
    `environment variable ${JSON.stringify(variable.slice(0, 100))} is not a setting.${meant} Unset or rename it`,
  );
}

/** The value that the text stands for, or the text itself for the schema to refuse. */
function fromText(text: string, shape: Shape): unknown {
  switch (shape) {
    case 'text':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'integer':
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    case 'list':
      return parts(text);
    case 'map':
      return pairs(text);
  }
}

function parts(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map((part) => part.trim());
}

/** `link=1h,link-daemon=1d`; the text itself when it is not of that form or names a key twice. */
function pairs(text: string): unknown {
  const made = new Map<string, string>();
  for (const part of parts(text)) {
    const [, key, value] = /^([^=]+)=([^=]*)$/.exec(part) ?? [];
    if (key === undefined || value === undefined || made.has(key)) return text;
    if (key === '__proto__') return text;
    made.set(key, value);
  }
  return Object.fromEntries(made);
}
